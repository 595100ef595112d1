import { test } from "uvu";
import * as assert from "uvu/assert";
import { FAULTS } from "../../src/errors.ts";
import { WATCHERS_MAX } from "../../src/limits.ts";
import { errorsOutOfStep, errorsPage } from "../../tools/errors_page.ts";
import type { WrittenErrors } from "../../tools/errors_page.ts";

const TEXT = "Cannot take more: there are <WATCHERS_MAX>";
const MESSAGE = { template: TEXT, code: "too_many", path: "src/a.ts" } as const;

test("errorsOutOfStep() complains of nothing when every message has its place", () => {
  assert.equal(errorsOutOfStep(written({ [TEXT]: entry("c", "w") }), [MESSAGE]), []);
});

test("errorsOutOfStep() names what is missing, stale, elsewhere or without a cause", () => {
  expectComplaint(errorsOutOfStep(written({}), [MESSAGE]), "is missing under too_many");
  expectComplaint(errorsOutOfStep(written({ [TEXT]: entry("c", "w") }), []), "no longer");
  expectComplaint(errorsOutOfStep(written({ [TEXT]: entry("", "w") }), [MESSAGE]), "no cause");
  const other = { ...MESSAGE, code: "usage" } as const;
  expectComplaint(errorsOutOfStep(written({ [TEXT]: entry("c", "w") }), [other]), "as usage");
});

test("errorsOutOfStep() names a fault that nobody wrote about, and one that there is not", () => {
  const { usage: _, ...rest } = written({});
  expectComplaint(errorsOutOfStep(rest, []), "usage has no");
  expectComplaint(errorsOutOfStep({ ...written({}), nonsense: about("x") }, []), "is no fault");
});

test("errorsPage() has every fault in the order of the table, with status and exit code", () => {
  const page = errorsPage(written({ [TEXT]: entry("many watch", "wait") }));
  const headings = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  assert.equal(headings, [...Object.keys(FAULTS), "bug"]);
  assert.match(page, "## too_many\n\nStatus `RESOURCE_EXHAUSTED` (8), exit code 1.");
  assert.match(page, `there are ${WATCHERS_MAX}\`\n  - Cause: many watch\n  - Way out: wait`);
});

function written(messages: WrittenErrors[string]["messages"]): WrittenErrors {
  const all = Object.keys(FAULTS).map((code) => [code, about(code)] as const);
  const tooMany = { about: "full", messages };
  return { ...Object.fromEntries(all), bug: about("bug"), too_many: tooMany };
}

function about(text: string): WrittenErrors[string] {
  return { about: text, messages: {} };
}

function entry(cause: string, wayOut: string) {
  return { cause, wayOut };
}

function expectComplaint(complaints: readonly string[], text: string): void {
  assert.is(complaints.length, 1, complaints.join("\n"));
  assert.ok(complaints[0]?.includes(text), complaints[0]);
}

test.run();
