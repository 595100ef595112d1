/** A picture of a count, for pages without scripts. */
import { BADGE_LABEL_CHARS_MAX } from "../limits.ts";

/** The width of a letter of 11 px, about, and the space around a text. */
const LETTER_PX = 7;
const SPACE_PX = 10;

/** Returns an SVG of a label and the likes beside it; a dash when they are unknown. */
export function badge(label: string, likes: bigint | undefined): string {
  const left = Array.from(label).slice(0, BADGE_LABEL_CHARS_MAX).join("");
  const right = likes === undefined ? "–" : new Intl.NumberFormat("en").format(likes);
  const [leftPx, rightPx] = [widthOf(left), widthOf(right)];
  const text = escapeXml(`${left}: ${right}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${leftPx + rightPx}" height="20" role="img" aria-label="${text}">`,
    `<title>${text}</title>`,
    `<rect width="${leftPx + rightPx}" height="20" rx="3" fill="#555"/>`,
    `<path d="M${leftPx} 0h${rightPx - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-${rightPx - 3}z" fill="#b3204d"/>`,
    `<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">`,
    `<text x="${leftPx / 2}" y="14">${escapeXml(left)}</text>`,
    `<text x="${leftPx + rightPx / 2}" y="14">${escapeXml(right)}</text>`,
    `</g></svg>\n`,
  ].join("");
}

function widthOf(text: string): number {
  return Array.from(text).length * LETTER_PX + SPACE_PX;
}

function escapeXml(text: string): string {
  // XML has no way to write most controls, half a surrogate pair, and two more characters.
  return text
    .toWellFormed()
    .replace(/[^\P{Cc}\t]|[\ufffe\uffff]/gu, "")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
