import { test } from "uvu";
import * as assert from "uvu/assert";
import { terminalFrames } from "../../tools/terminal_frames.ts";

const SIZE = { columns: 20, rows: 4 };

test("terminalFrames() gives what the screen showed when it settled", async () => {
  const frames = await terminalFrames(
    [
      { atMs: 0, text: "one\r\n" },
      { atMs: 500, text: "\u001b[1A\u001b[2K" },
      { atMs: 510, text: "two\r\n" },
      { atMs: 900, text: "" },
    ],
    SIZE,
  );
  const shown = frames.map(({ atMs, lines }) => [atMs, textOf(lines)]);
  assert.equal(shown, [
    [0, "one"],
    [510, "two"],
  ]);
});

test("terminalFrames() keeps columns, colours and weight when a line has several looks", async () => {
  const text = "a \u001b[32mgreen\u001b[39m \u001b[1mbold\u001b[22m";
  const [frame] = await terminalFrames([{ atMs: 0, text }], SIZE);
  const plain = { color: undefined, bold: false, dim: false };
  assert.equal(frame?.lines, [
    [
      { ...plain, column: 0, text: "a" },
      { ...plain, column: 2, text: "green", color: 2 },
      { ...plain, column: 8, text: "bold", bold: true },
    ],
  ]);
});

function textOf(lines: readonly (readonly { readonly text: string }[])[]): string {
  return lines.map((runs) => runs.map(({ text }) => text).join(" ")).join("\n");
}

test.run();
