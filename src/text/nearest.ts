/** What a person perhaps meant by a word that is none. */

/** Returns the end of an error: which of `words` was perhaps meant, empty when none is near. */
export function meant(typed: string, words: readonly string[]): string {
  const word = nearest(typed, words);
  return word === undefined ? "" : `; did you mean ${word}?`;
}

/**
 * Returns the one of `words` that is nearest to `typed`, or undefined when none is near: at most a
 * third of the letters may differ. Of two that are as near, the first.
 */
function nearest(typed: string, words: readonly string[]): string | undefined {
  const near = words.filter((word) => edits(typed, word) <= lettersMax(typed, word));
  return near.toSorted((a, b) => edits(typed, a) - edits(typed, b))[0];
}

function lettersMax(typed: string, word: string): number {
  return Math.ceil(Math.max(typed.length, word.length) / 3);
}

/** How many letters are added, left out, changed or exchanged with the next to get `b` of `a`. */
function edits(a: string, b: string): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchanged = isExchange ? at(before, j - 2) + 1 : Infinity;
      row.push(Math.min(changed, exchanged, at(last, j) + 1, at(row, j - 1) + 1));
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
