import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fittingTable, mostUrgent } from "../../src/cli/fitting_table.ts";
import type { FittingShape } from "../../src/cli/fitting_table.ts";

interface Row {
  readonly name: string;
  readonly likes: number;
}

const ROWS: readonly Row[] = [
  { name: "a", likes: 5 },
  { name: "bcdef", likes: 1_000 },
];
const SHAPE: FittingShape<Row> = {
  columns: [
    { title: "name", align: "left", cell: ({ name }) => name },
    {
      title: "state",
      align: "left",
      cell: () => "good",
      color: ({ likes }) => (likes > 5 ? "red" : "green"),
    },
    { title: "likes", align: "right", cell: ({ likes }) => String(likes) },
  ],
  droppedFirst: ["state", "likes"],
};

function drawn(width: number, color = false): string[] {
  return fittingTable(SHAPE, ROWS, { width, color });
}

test("fittingTable() draws every column when there is room", () => {
  assert.equal(drawn(19), ["name   state  likes", "a      good       5", "bcdef  good    1000"]);
});

test("fittingTable() narrows gaps, drops columns and cuts names, in this order", () => {
  assert.equal(drawn(18)[2], "bcdef good   1000");
  assert.equal(drawn(16)[2], "bcdef   1000");
  assert.equal(drawn(10)[0], "name");
  assert.equal(drawn(4)[2], "bcd…");
  assert.equal(drawn(0), []);
});

test("fittingTable() paints cells without widening them when colour is on", () => {
  const lines = drawn(19, true);
  assert.match(lines[1] ?? "", "\u001b[32mgood\u001b[39m");
  assert.match(lines[2] ?? "", "\u001b[31mgood\u001b[39m");
  assert.equal(lines.map(stripVTControlCharacters), drawn(19));
});

test("mostUrgent() keeps the order of rows when it drops some", () => {
  const rows = [3, 9, 1, 7];
  assert.equal(
    mostUrgent(rows, 2, (one, other) => other - one),
    [9, 7],
  );
  assert.equal(
    mostUrgent(rows, 9, (one, other) => other - one),
    rows,
  );
});

test.run();
