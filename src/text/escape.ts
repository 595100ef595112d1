/**
 * Text that a peer gave, on its way to a terminal.
 *
 * A terminal obeys what it prints: an item id with an escape sequence could clear the screen or
 * forge a line, one with a bidirectional override could show `5` as another number. Every character
 * that is not seen as itself is therefore written as its code.
 */

/**
 * Controls, formats (bidirectional and zero-width), surrogates, separators of lines and paragraphs,
 * blanks other than the usual one, and letters that show nothing.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|(?! )\p{Zs}/u;
/** One emoji, or one other character. What joins the parts of an emoji is seen as itself, in it. */
const SEEN_OR_NOT = "\\p{RGI_Emoji}|[^]";
/** That pattern once it is compiled, which takes 20 ms. Most processes never need it. */
let seenOrNot: RegExp | undefined;
/** What takes no column of its own: the joiner and the variations of emoji, and their tags. */
const WITHOUT_COLUMNS = /\u200d|[\ufe0e\ufe0f]|[\u{e0020}-\u{e007f}]/u;

/** Characters of a quoted text in an error: enough to recognise it. */
const QUOTED_CHARACTERS_MAX = 100;

/** Writes each character that a terminal would obey or hide as `\u{1b}`; the rest as it is. */
export function escapeText(text: string): string {
  if (!UNSEEN.test(text)) return text;
  return text.replace(compiled(), (character) => {
    if (isEmoji(character) || !UNSEEN.test(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16).padStart(2, "0")}}`;
  });
}

function compiled(): RegExp {
  seenOrNot ??= new RegExp(SEEN_OR_NOT, "gv");
  return seenOrNot;
}

/** Whether it was found as one, because any other character is found alone. */
function isEmoji(found: string): boolean {
  return found.length > String.fromCodePoint(found.codePointAt(0) ?? 0).length;
}

/** Writes text for an error: escaped, shortened, in double quotes. */
export function quote(text: string): string {
  return `"${fitText(escapeText(text), QUOTED_CHARACTERS_MAX)}"`;
}

/**
 * The most columns that escaped text can take on a terminal: beyond ASCII, a character is counted
 * as two, which is right for the wide ones and too much for the others. The mark of a cut is one.
 */
export function columnsMost(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (WITHOUT_COLUMNS.test(character)) continue;
    columns += character <= "~" || character === "…" ? 1 : 2;
  }
  return columns;
}

/** Cuts escaped text so that it takes at most `columns`, with `…` where something was cut. */
export function fitText(text: string, columns: number): string {
  if (columnsMost(text) <= columns) return text;
  let kept = "";
  let room = columns - 1;
  for (const character of text.match(compiled()) ?? []) {
    room -= columnsMost(character);
    if (room < 0) break;
    kept += character;
  }
  return columns < 1 ? "" : `${kept}…`;
}

/** Writes text as one word that a POSIX shell reads back as it is. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
