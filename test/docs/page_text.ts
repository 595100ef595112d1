/** Reads parts of pages for tests. */
import { readdirSync, readFileSync } from "node:fs";

/** The pages, from the root of the repository. */
export const PAGES: readonly string[] = [
  ...readdirSync(".").filter((name) => name.endsWith(".md")),
  ...["docs", "src", "bench"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];

/** Returns the text of a page. */
export function pageText(path: string): string {
  return readFileSync(path, "utf8");
}

/** Returns the cells of the first table under a heading, without its header. */
export function rowsUnder(page: string, heading: string): string[][] {
  const lines = sectionOf(page, heading)
    .split("\n")
    .filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Returns the first code block of a language under a heading. */
export function codeUnder(page: string, heading: string, language: string): string {
  const fence = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "m");
  return fence.exec(sectionOf(page, heading))?.[1] ?? "";
}

/** Returns the command lines of all `sh` and `console` blocks, without output. */
export function shellLines(page: string): string[] {
  return [...page.matchAll(/^```(sh|console)\n([^]*?)^```$/gm)].flatMap(([, kind, text = ""]) => {
    const lines = text.split("\n");
    if (kind === "sh") return lines;
    return lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
  });
}

function sectionOf(page: string, heading: string): string {
  const [, ...after] = page.split(new RegExp(`^##+ ${heading}$`, "m"));
  return after.join("").split(/^##+ /m, 1)[0] ?? "";
}
