/** Puts what was measured into bench/README.md, between two marks. */
const BEGIN = "<!-- recorded by npm run bench -- --record: do not edit -->";
const END = "<!-- end of what was recorded -->";

/** `page` with `recorded` in the place of what was recorded before. Throws without the marks. */
export function withRecorded(page: string, recorded: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) {
    throw new Error(`Cannot record: the page lacks "${BEGIN}" and, after it, "${END}"`);
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${recorded.trim()}\n\n${page.slice(end)}`;
}
