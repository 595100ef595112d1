/**
 * Frames of a terminal as one animated SVG without scripts, fonts or anything else from outside. It
 * follows the reader's dark or light, and stands still at its end for those who want less motion.
 *
 * The frames lie side by side on a strip that moves by whole frames. A line that several frames share
 * is there once.
 */
import type { Frame, Run, ScreenSize } from "./terminal_frames.ts";

const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const FONT_SIZE = 14;
const MARGIN = 14;
/** How long the end is shown before it begins again. */
const HOLD_MS = 6_000;

/** Colours of a terminal by number: on dark, and on light. */
const COLORS: Readonly<Record<number, readonly [dark: string, light: string]>> = {
  1: ["#ff7b72", "#cf222e"],
  2: ["#56d364", "#116329"],
  3: ["#e3b341", "#7d4e00"],
  4: ["#79c0ff", "#0969da"],
  5: ["#d2a8ff", "#8250df"],
  6: ["#56d4dd", "#1b7c83"],
};

/** The picture; `title` says what it shows, for those who do not see it. */
export function framesSvg(
  frames: readonly Frame[],
  { columns, rows }: ScreenSize,
  title: string,
): string {
  const width = Math.ceil(columns * CELL_WIDTH + 2 * MARGIN);
  const height = rows * LINE_HEIGHT + 2 * MARGIN;
  const lines = new Map<string, string>();
  const strip = frames.map(({ lines: shown }, index) => {
    const uses = shown.flatMap((runs, row) => {
      if (runs.length === 0) return [];
      const drawn = runs.map(drawRun).join("");
      const id = lines.get(drawn) ?? `l${lines.size}`;
      lines.set(drawn, id);
      return [`<use href="#${id}" y="${row * LINE_HEIGHT}"/>`];
    });
    return `<g transform="translate(${index * width} 0)">${uses.join("")}</g>`;
  });
  const defs = [...lines].map(([drawn, id]) => `<g id="${id}">${drawn}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" width="${width}">
<title>${escaped(title)}</title>
<style>
${style(frames, width)}
</style>
<defs>
${defs.join("\n")}
</defs>
<rect class="screen" width="${width}" height="${height}" rx="8"/>
<svg x="${MARGIN}" y="${MARGIN}" width="${width - 2 * MARGIN}" height="${height - 2 * MARGIN}">
<g class="strip">
${strip.join("\n")}
</g>
</svg>
</svg>
`;
}

function drawRun({ column, text, color, bold, dim }: Run): string {
  const indent = text.length - text.trimStart().length;
  const shown = text.trimStart();
  const looks = [
    ...(color !== undefined && color in COLORS ? [`c${color}`] : []),
    ...(bold ? ["bold"] : []),
    ...(dim ? ["dim"] : []),
  ];
  const look = looks.length === 0 ? "" : ` class="${looks.join(" ")}"`;
  const x = round((column + indent) * CELL_WIDTH);
  const length = round(shown.length * CELL_WIDTH);
  return `<text x="${x}" y="${FONT_SIZE}" textLength="${length}"${look}>${escaped(shown)}</text>`;
}

function style(frames: readonly Frame[], width: number): string {
  const totalMs = (frames.at(-1)?.atMs ?? 0) + HOLD_MS;
  const steps = frames.map(({ atMs }, index) => {
    const share = index === 0 ? 0 : round((atMs / totalMs) * 100);
    return `${share}%{transform:translateX(${-index * width}px)}`;
  });
  const last = -(frames.length - 1) * width;
  return [
    `text{font:${FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;` +
      "white-space:pre;fill:var(--text)}",
    ".bold{font-weight:bold}.dim{opacity:.65}.screen{fill:var(--back);stroke:var(--edge)}",
    ...Object.keys(COLORS).map((color) => `.c${color}{fill:var(--c${color})}`),
    `:root{--text:#1f2328;--back:#f6f8fa;--edge:#d1d9e0;${colorsOf(1)}}`,
    `@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--back:#0d1117;--edge:#3d444d;` +
      `${colorsOf(0)}}}`,
    `@keyframes play{${steps.join("")}100%{transform:translateX(${last}px)}}`,
    `.strip{animation:play ${round(totalMs / 1_000)}s step-end infinite}`,
    `@media (prefers-reduced-motion:reduce){.strip{animation:none;transform:translateX(${last}px)}}`,
  ].join("\n");
}

function colorsOf(side: 0 | 1): string {
  return Object.entries(COLORS)
    .map(([color, sides]) => `--c${color}:${sides[side]}`)
    .join(";");
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
