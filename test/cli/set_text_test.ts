import { test } from "uvu";
import * as assert from "uvu/assert";
import { setJson, setText, stateText } from "../../src/cli/set_text.ts";
import type { EndedSet } from "../../src/cli/set_text.ts";
import { testId } from "../store/faults.ts";

const STATE = { revision: 3, reaction: 1, likes: 1 };
const STORED = { type: "stored", incarnation: testId(1), sequence: 7, state: STATE } as const;

test("setText() names the set and the state that holds now", () => {
  for (const [outcome, text] of [
    [STORED, "fra-1 #7 stored: ada gives 1 like to blog/post-1 (revision 3)"],
    [
      { type: "same", state: STATE },
      "fra-1 has nothing to change: ada gives 1 like to blog/post-1 (revision 3)",
    ],
    [
      { type: "superseded", state: { revision: 4, reaction: 0, likes: 0 } },
      "fra-1 has a newer one: ada gives 0 likes to blog/post-1 (revision 4)",
    ],
  ] as const) {
    assert.is(setText(ended({ outcome })), text);
  }
});

test("setText() escapes what others have chosen", () => {
  const red = "\u001b[31mred";
  const text = setText(ended({ serverId: red, itemId: red, subject: red }));
  assert.not.ok(text.includes("\u001b"));
  assert.is(text.split("\\u{1b}[31mred").length, 4);
});

test("setJson() has the state, and the name of a stored set", () => {
  assert.equal(setJson(ended()), {
    serverId: "fra-1",
    outcome: "stored",
    itemId: "blog/post-1",
    ...STATE,
    incarnation: testId(1),
    sequence: "7",
    address: "127.0.0.1:1",
  });
  assert.equal(setJson(ended({ outcome: { type: "superseded", state: STATE } })), {
    serverId: "fra-1",
    outcome: "superseded",
    itemId: "blog/post-1",
    ...STATE,
    address: "127.0.0.1:1",
  });
});

test("setJson() names no person", () => {
  assert.not.match(JSON.stringify(setJson(ended())), "ada");
});

test("stateText() names every reaction but the plain like", () => {
  assert.is(stateText({ revision: 1, reaction: 0, likes: 0 }), "0 likes");
  assert.is(stateText(STATE), "1 like");
  assert.is(stateText({ revision: 1, reaction: 3, likes: 7 }), "7 likes of reaction 3");
});

test.run();

function ended(changes: Partial<EndedSet> = {}): EndedSet {
  return {
    serverId: "fra-1",
    address: "127.0.0.1:1",
    itemId: "blog/post-1",
    subject: "ada",
    outcome: STORED,
    ...changes,
  };
}
