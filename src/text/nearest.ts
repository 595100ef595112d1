/** Suggests a word for a mistyped one. */

/** Returns `; did you mean …?` with the nearest of `words`, or empty text when none is near. */
export function suggestionFor(typed: string, words: readonly string[]): string {
  const word = nearest(typed, words);
  return word === undefined ? "" : `; did you mean ${word}?`;
}

/**
 * Returns the nearest of `words`, the first of several. Returns undefined when more than a third of
 * the letters differ.
 */
function nearest(typed: string, words: readonly string[]): string | undefined {
  const near = words.filter((word) => edits(typed, word) <= lettersMax(typed, word));
  return near.toSorted((a, b) => edits(typed, a) - edits(typed, b))[0];
}

function lettersMax(typed: string, word: string): number {
  return Math.ceil(Math.max(typed.length, word.length) / 3);
}

/** Returns the edit distance: letters added, dropped, changed or swapped with the next. */
function edits(a: string, b: string): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(before, j - 2) + 1 : Infinity;
      row.push(Math.min(changed, swapped, at(last, j) + 1, at(row, j - 1) + 1));
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
