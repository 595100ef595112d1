/**
 * A planted bug: searches and replacements in one file of src/. The source has no mutant hooks.
 * A search that is missing or ambiguous means that the list no longer fits the source. That is an
 * error, so no mutant passes without having been planted.
 */

/** A text that must occur exactly once, and its replacement. */
export type Edit = readonly [search: string, replacement: string];

/** A bug, its place, and the suites to run against it. */
export interface Mutant {
  /** Its permanent name, in lower case with hyphens. */
  readonly name: string;
  /** The broken pitfall or law, and how it is broken. */
  readonly breaks: string;
  /** From the root, with `/`. */
  readonly file: string;
  readonly edits: readonly Edit[];
  /** Whether the simulator runs the mutated code. */
  readonly isSimulated: boolean;
  /** Test files, the cheapest first. */
  readonly tests: readonly string[];
}

/** Returns the mutants of one file, with the same tests. */
export function mutantsOf(
  { file, isSimulated = true, tests }: Pick<Mutant, "file" | "tests"> & { isSimulated?: boolean },
  bugs: readonly Pick<Mutant, "name" | "breaks" | "edits">[],
): readonly Mutant[] {
  return bugs.map((bug) => ({ ...bug, file, isSimulated, tests }));
}

/** Returns `text` with the bug. Throws when a search does not occur exactly once. */
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
