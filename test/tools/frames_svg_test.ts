import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { framesSvg } from "../../tools/frames_svg.ts";

const PLAIN = { column: 0, color: undefined, bold: false, dim: false };
const SIZE = { columns: 20, rows: 4 };
const FRAMES = [
  { atMs: 0, lines: [[{ ...PLAIN, text: "same" }], [{ ...PLAIN, text: "<&>" }]] },
  { atMs: 1_000, lines: [[{ ...PLAIN, text: "same" }], [{ ...PLAIN, text: "end", color: 2 }]] },
];

test("framesSvg() has a line once when several frames show it", () => {
  const svg = framesSvg(FRAMES, SIZE, "a run");
  assert.is(svg.split(">same<").length, 2);
  assert.is(svg.split('<use href="#l0" y="0"/>').length, 3);
});

test("framesSvg() escapes what it shows when that would be markup", () => {
  const svg = framesSvg(FRAMES, SIZE, "a < b");
  assert.match(svg, ">&lt;&amp;&gt;</text>");
  assert.match(svg, "<title>a &lt; b</title>");
});

test("framesSvg() stands still at its end when less motion is wanted", () => {
  const svg = framesSvg(FRAMES, SIZE, "a run");
  const [, keyframe = ""] = /100%\{transform:(translateX\(-\d+px\))\}/.exec(svg) ?? [];
  const still = `(prefers-reduced-motion:reduce){.strip{animation:none;transform:${keyframe}}}`;
  assert.ok(svg.includes(still), svg);
});

test("framesSvg() needs nothing from outside when the recording of README.md is looked at", () => {
  const svg = readFileSync("docs/recording.svg", "utf8");
  const addresses = [...svg.matchAll(/(?:href|src)="([^"]*)"|url\(([^)]*)\)|@import|<script/g)];
  assert.ok(addresses.length > 100);
  for (const [found, href] of addresses) assert.match(href ?? found, /^#l\d+$/);
  assert.match(svg, />EXACT [\d,]+ likes in \d+ events; converged /);
  assert.match(svg, /; 11 of 11 processes show it</);
  assert.match(svg, "prefers-color-scheme:dark");
});

test.run();
