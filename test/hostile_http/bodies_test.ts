/** Bodies that are made to cost much. */
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Bodies, parseJson } from "../../src/web/body.ts";
import { Problem } from "../../src/web/problem.ts";

/** Both texts have 60 kB. Read in one pass, they take the same time. */
const TEXTS = 30_000;
/** The ratio is about 1; read in a pass for each quote, it is in the thousands. */
const RATIO_MAX = 100;
const BODIES = 50;
const BODY_BYTES = 20_000;
/** Chunks of one byte keep some 100 bytes each, if they are kept one by one. */
const BYTES_PER_BYTE_MAX = 20;

test("parseJson() reads an open string with many quotes as fast as any other text", () => {
  const honest = timeOf(`"${"ab".repeat(TEXTS)}"`);
  const hostile = timeOf(`"${'\\"'.repeat(TEXTS)}`);
  assert.ok(hostile < RATIO_MAX * Math.max(honest, 0.1), `${honest} ms grew to ${hostile} ms`);
});

test("read() of a body in chunks of one byte keeps little more than the body", async () => {
  const bodies = new Bodies();
  const before = heldBytes();
  const open = Array.from({ length: BODIES }, () => new IncomingMessage(new Socket()));
  const read = open.map(async (incoming) => bodies.read(incoming));
  for (let sent = 0; sent < BODY_BYTES; sent += 1_000) {
    for (const incoming of open) {
      for (let index = 0; index < 1_000; index++) incoming.push(Buffer.from("a"));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const grown = heldBytes() - before;
  const bound = BODIES * BODY_BYTES * BYTES_PER_BYTE_MAX;
  assert.ok(grown < bound, `${BODIES * BODY_BYTES} bytes hold ${grown}`);
  for (const incoming of open) {
    incoming.complete = true;
    incoming.push(null);
  }
  for (const text of await Promise.all(read)) assert.is(text, "a".repeat(BODY_BYTES));
});

function timeOf(text: string): number {
  const startMs = performance.now();
  try {
    parseJson(text);
  } catch (error) {
    assert.instance(error, Problem);
  }
  return performance.now() - startMs;
}

/** Returns what is in use, without what the collector has not found yet. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test.run();
