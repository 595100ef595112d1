import { test } from "uvu";
import * as assert from "uvu/assert";
import { CountsReader } from "../../../src/core/primary/counts_reader.ts";
import type { Convergence } from "../../../src/core/protocol/messages.ts";
import { EMPTY_META } from "../../store/ledger/ledger_fixture.ts";
import { GENERATION, LEDGER } from "../core_fixture.ts";

const REQUEST = {
  itemIds: ["video"],
  pageSize: 0,
  pageToken: "",
  order: undefined,
  incarnations: [],
  registers: [],
};
const READ = { meta: { ...EMPTY_META, version: 3 }, counts: [], applied: [], registers: [] };

const shown = (convergence: Convergence) => ({
  ledgerId: LEDGER,
  generation: GENERATION,
  convergence,
});

test("CountsReader.read() returns the worse convergence of before and after the read", () => {
  const kinds = ["unknown", "catching_up", "converged"] as const;
  for (const [before, asked] of kinds.entries()) {
    for (const [after, then] of kinds.entries()) {
      const reader = new CountsReader();
      reader.ask({ type: "count", requestId: 1, request: REQUEST }, shown(asked));
      const action = reader.read({ type: "counts_read", requestId: 1, read: READ }, shown(then));
      assert.is(action.type, "counted");
      const outcome = action.type === "counted" ? action.outcome : undefined;
      const counts = outcome?.type === "counted" ? outcome.counts : undefined;
      assert.is(counts?.convergence, kinds[Math.min(before, after)]);
      assert.is(counts?.version, 3, "the version of the read");
    }
  }
});

test("CountsReader.ask() refuses an invalid selection without reading", () => {
  const request = { ...REQUEST, pageToken: "x" };
  const action = new CountsReader().ask(
    { type: "count", requestId: 7, request },
    shown("converged"),
  );
  assert.is(action.type === "counted" && action.outcome.type, "refused");
  assert.is(action.requestId, 7);
});

test("CountsReader.fail() refuses the request, with what to do", () => {
  for (const why of ["disk_full", "store_busy"] as const) {
    const reader = new CountsReader();
    reader.ask({ type: "count", requestId: 1, request: REQUEST }, shown("converged"));
    const action = reader.fail({ type: "counts_failed", requestId: 1, why });
    const outcome = action.type === "counted" ? action.outcome : undefined;
    assert.is(outcome?.type === "refused" && outcome.refusal.code, why);
    assert.match(outcome?.type === "refused" ? outcome.refusal.message : "", "or name the items");
  }
});

test.run();
