import * as assert from "uvu/assert";
import type { AnyId, Digest } from "../../src/core/protocol/ids.ts";
import { LikesError } from "../../src/errors.ts";
import type { FaultCode } from "../../src/errors.ts";

/** Text that a test uses as an id of any kind, or as a digest. */
export type TestId = AnyId & Digest;

/** Returns 32 hexadecimal digits that end in `number`. */
export function testId(number: number): TestId {
  return number.toString(16).padStart(32, "0") as TestId;
}

/** Returns an id that begins with `start`. */
export function idFrom(start: string): TestId {
  return start.padEnd(32, "0") as TestId;
}

/** Runs `work` and returns the LikesError of `code` that it must throw. */
export async function faultOf(code: FaultCode, work: () => unknown): Promise<LikesError> {
  const error = await thrownBy(work);
  if (!(error instanceof LikesError)) throw error;
  assert.is(error.code, code);
  return error;
}

/** Runs `work`, which must fail an assertion with `text` in its message. */
export async function assertionOf(text: string, work: () => unknown): Promise<void> {
  const error = await thrownBy(work);
  assert.ok(error instanceof Error && error.message.startsWith("Assertion failed"), String(error));
  assert.match(error.message, text);
}

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("The work did not throw");
}
