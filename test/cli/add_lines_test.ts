import { test } from "uvu";
import * as assert from "uvu/assert";
import { AddLines } from "../../src/cli/add_lines.ts";
import type { AddLine } from "../../src/cli/add_lines.ts";

/** Returns `number item +likes`, or the number and the code of the refusal. */
function textOf({ number, add }: AddLine): string {
  return "code" in add ? `${number} ${add.code}` : `${number} ${add.itemId} +${add.likes}`;
}

function read(...chunks: readonly string[]): readonly string[] {
  const lines = new AddLines();
  const found = chunks.flatMap((chunk) => lines.take(Buffer.from(chunk)));
  return [...found, ...lines.end()].map(textOf);
}

test("AddLines reads an item, an item with its likes, and JSON", () => {
  assert.equal(read('video\nvideo 5\r\n{"itemId":"a cat","likes":"7"}\n{"itemId":"é"}\n'), [
    "1 video +1",
    "2 video +5",
    "3 a cat +7",
    "4 é +1",
  ]);
});

test("AddLines counts empty lines, and takes the last one without its newline", () => {
  assert.equal(read("a\n\n  \nb 2"), ["1 a +1", "4 b +2"]);
  assert.equal(read(""), []);
});

test("AddLines joins a line that comes in several chunks, even within a character", () => {
  const bytes = Buffer.from("é 5\nb\n");
  const lines = new AddLines();
  const found = [...bytes].flatMap((byte) => lines.take(Buffer.from([byte])));
  assert.equal(found.map(textOf), ["1 é +5", "2 b +1"]);
});

test("AddLines refuses what is no add, and goes on", () => {
  for (const line of [
    "video 1.5",
    "video -1",
    "video 1000001",
    "a cat 5",
    "{oops",
    '{"likes":5}',
    '{"itemId":"a","like":5}',
    "a\u00a0cat 5 6",
    '{"itemId":"a","likes":null}',
    '{"itemId":"a","likes":1.5}',
    '{"itemId":""}',
    "x".repeat(257),
    "x".repeat(9_000),
  ]) {
    assert.equal(read(`${line}\nb\n`), ["1 like_invalid", "2 b +1"], line);
  }
});

test("AddLines keeps a bounded beginning of a line without an end", () => {
  const lines = new AddLines();
  const chunk = Buffer.alloc(1024 * 1024, "x");
  for (let taken = 0; taken < 100; taken++) assert.equal(lines.take(chunk), []);
  assert.equal(lines.take(Buffer.from("\nb\n")).map(textOf), ["1 like_invalid", "2 b +1"]);
});

test.run();
