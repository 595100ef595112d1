/**
 * Makes text from peers safe for a terminal.
 *
 * A terminal obeys the text it prints: an escape sequence in an item id could clear the screen or
 * forge a line, and a bidirectional override could reorder digits. Every character that is not
 * visible as itself is therefore written as its code.
 */

/**
 * Controls, formats (bidirectional and zero-width), surrogates, line and paragraph separators,
 * blanks other than the space, and invisible letters.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|(?! )\p{Zs}/u;
/** One emoji, or one other character. A joiner inside an emoji is part of what is visible. */
const EMOJI_OR_CHARACTER = "\\p{RGI_Emoji}|[^]";
/** The compiled pattern. Compiling takes 20 ms, and most processes never need it. */
let emojiOrCharacter: RegExp | undefined;
/** Characters without a column: emoji joiners, variation selectors and tags. */
const WITHOUT_COLUMNS = /\u200d|[\ufe0e\ufe0f]|[\u{e0020}-\u{e007f}]/u;

/** Characters of quoted text in an error: enough to recognise it. */
const QUOTED_CHARACTERS_MAX = 100;

/** Replaces each character that a terminal would obey or hide by its code, such as `\u{1b}`. */
export function escapeText(text: string): string {
  if (!INVISIBLE.test(text)) return text;
  return text.replace(compiled(), (character) => {
    if (isEmoji(character) || !INVISIBLE.test(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16).padStart(2, "0")}}`;
  });
}

function compiled(): RegExp {
  emojiOrCharacter ??= new RegExp(EMOJI_OR_CHARACTER, "gv");
  return emojiOrCharacter;
}

/** Returns whether a match is an emoji sequence: any other match is one character. */
function isEmoji(match: string): boolean {
  return match.length > String.fromCodePoint(match.codePointAt(0) ?? 0).length;
}

/** Quotes text for an error: escaped, shortened, in double quotes. */
export function quote(text: string): string {
  return `"${fitText(escapeText(text), QUOTED_CHARACTERS_MAX)}"`;
}

/**
 * Returns the most columns that escaped text can take on a terminal. A character beyond ASCII
 * counts as two, exact for wide ones and too many for others. The `…` of a cut counts as one.
 */
export function columnsMax(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (WITHOUT_COLUMNS.test(character)) continue;
    columns += character <= "~" || character === "…" ? 1 : 2;
  }
  return columns;
}

/** Cuts escaped text to at most `columns`, and marks a cut with `…`. */
export function fitText(text: string, columns: number): string {
  if (columnsMax(text) <= columns) return text;
  let kept = "";
  let room = columns - 1;
  for (const character of text.match(compiled()) ?? []) {
    room -= columnsMax(character);
    if (room < 0) break;
    kept += character;
  }
  return columns < 1 ? "" : `${kept}…`;
}

/** Quotes text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
