/**
 * A planted bug: searches and replacements in one file of src/. The source holds no hook for it, so a
 * search that is not found, or found twice, means that the list is no longer about this source. That
 * is an error, and never a mutant that passes as planted.
 */

/** A text that has to occur exactly once, and what stands in its place. */
export type Edit = readonly [search: string, replacement: string];

/** A bug, where it is planted, and what is run against it. */
export interface Mutant {
  /** Names it for ever, in lower case with hyphens. */
  readonly name: string;
  /** The pitfall or the law that is broken, and how. */
  readonly breaks: string;
  /** From the root, with `/`. */
  readonly file: string;
  readonly edits: readonly Edit[];
  /** Whether the simulator runs what is mutated. */
  readonly isSimulated: boolean;
  /** Files of tests, the cheapest first. */
  readonly tests: readonly string[];
}

/** Mutants of one file, which the same tests run. */
export function mutantsOf(
  { file, isSimulated = true, tests }: Pick<Mutant, "file" | "tests"> & { isSimulated?: boolean },
  bugs: readonly Pick<Mutant, "name" | "breaks" | "edits">[],
): readonly Mutant[] {
  return bugs.map((bug) => ({ ...bug, file, isSimulated, tests }));
}

/** `text` with the bug in it. Throws when a search does not occur exactly once. */
export function plant({ name, file, edits }: Mutant, text: string): string {
  let mutated = text;
  for (const [search, replacement] of edits) {
    const parts = mutated.split(search);
    if (parts.length !== 2) {
      const found = parts.length === 1 ? "is not there" : `is there ${parts.length - 1} times`;
      const line = JSON.stringify(search.trim().split("\n", 1)[0]);
      throw new Error(
        `Cannot plant ${name}: its anchor ${line} ${found} in ${file}; ` +
          "give it an anchor that is there once",
      );
    }
    mutated = parts.join(replacement);
  }
  return mutated;
}
