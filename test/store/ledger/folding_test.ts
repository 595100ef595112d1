import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  FOLD_GENTLE_ROWS,
  FOLD_ROWS_MIN,
  FOLD_TARGET_MS,
  INTAKE_ROWS_MAX,
  INTAKE_ROWS_MIN,
  INTAKE_ROWS_PER_PAGE,
} from "../../../src/limits.ts";
import { Folding } from "../../../src/store/ledger/folding.ts";
import type { FoldOutcome } from "../../../src/store/ledger/folding.ts";
import { becomes } from "../../fixtures/eventually.ts";

test("Folding empties the intake in a pause between commits", async () => {
  const folded = new FakeIntake();
  const folding = new Folding(folded);
  folded.append(folding, 3 * FOLD_ROWS_MIN);
  await becomes("an empty intake", () => folded.intakeRows === 0);
  assert.ok(folded.folds >= 1);
  folding.close();
});

test("Folding folds a full intake without a pause, more than a commit appends", async () => {
  for (const [pages, max] of [
    [1, INTAKE_ROWS_MIN],
    [INTAKE_ROWS_MIN / 5, (INTAKE_ROWS_MIN / 5) * INTAKE_ROWS_PER_PAGE],
    [INTAKE_ROWS_MAX, INTAKE_ROWS_MAX],
  ] as const) {
    const folded = new FakeIntake(pages);
    const folding = new Folding(folded);
    for (let commit = 0; commit < 20; commit++) {
      folded.append(folding, max / 4);
      await new Promise((resolve) => void setTimeout(resolve, 2));
    }
    const bound = max + max / 4;
    assert.ok(folded.rowsMost <= bound, `${folded.rowsMost} rows, and ${bound} are allowed`);
    assert.ok(folded.rowsMost > max, "it folds no sooner");
    folding.close();
  }
});

test("Folding folds less at once in a pause when that takes long", async () => {
  const folded = new FakeIntake();
  const folding = new Folding(folded);
  const sizes: number[] = [];
  folded.onFold = (rows) => {
    sizes.push(rows);
    const untilMs = performance.now() + (sizes.length <= 3 ? FOLD_TARGET_MS + 1 : 0);
    while (performance.now() < untilMs);
  };
  folded.append(folding, 8 * FOLD_GENTLE_ROWS);
  await becomes("an empty intake", () => folded.intakeRows === 0);
  assert.equal(
    sizes.slice(0, 4),
    [1, 1 / 2, 1 / 4, 1 / 8].map((part) => part * FOLD_GENTLE_ROWS),
  );
  folding.close();
});

test("Folding folds a full intake although commits never pause", async () => {
  const folded = new FakeIntake();
  const folding = new Folding(folded);
  folded.append(folding, INTAKE_ROWS_MIN + 1);
  await becomes("a fold", () => {
    for (let commit = 0; commit < 10; commit++) folded.append(folding, 1);
    return folded.folds > 0;
  });
  folding.close();
});

test("foldAll() folds what commits append meanwhile, and ends", async () => {
  const folded = new FakeIntake();
  const folding = new Folding(folded);
  folded.append(folding, 100_000);
  let commits = 0;
  folded.onFold = () => {
    if (++commits <= 20) folded.append(folding, 20_000);
  };
  assert.is(await folding.foldAll(), undefined);
  assert.is(folded.intakeRows, 0);
  assert.ok(folded.rowsMost < 200_000, `${folded.rowsMost} rows, which commits do not outrun`);
  folding.close();
});

test("foldAll() ends when nothing can be folded, or when the ledger is closed", async () => {
  const folded = new FakeIntake();
  const folding = new Folding(folded);
  for (let commit = 0; commit < 10; commit++) folded.append(folding, FOLD_ROWS_MIN);
  folded.isFull = true;
  assert.is(await folding.foldAll(), "disk_full");
  folded.isFull = false;
  const all = folding.foldAll();
  folding.close();
  assert.is(await all, undefined);
  assert.ok(folded.intakeRows > 0);
});

test.run();

/** An intake that only counts its rows. */
class FakeIntake {
  intakeRows = 0;
  rowsMost = 0;
  folds = 0;
  /** Whether its disk is full. */
  isFull = false;
  onFold = (_rows: number): void => {};
  readonly pages: number;

  constructor(pages = 1) {
    this.pages = pages;
  }

  append(folding: Folding, rows: number): void {
    this.intakeRows += rows;
    this.rowsMost = Math.max(this.rowsMost, this.intakeRows);
    folding.committed(rows);
  }

  fold(rows: number): FoldOutcome {
    if (this.isFull) return "disk_full";
    if (this.intakeRows === 0) return "empty";
    this.folds++;
    this.intakeRows = Math.max(0, this.intakeRows - rows);
    this.onFold(rows);
    return "folded";
  }
}
