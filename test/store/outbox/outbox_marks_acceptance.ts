/** What every OutboxStore keeps beside records: part of its acceptance suite. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { NO_EVENTS } from "../../../src/core/protocol/messages.ts";
import { MARK_CHARS_MAX } from "../../../src/limits.ts";
import { assertionOf, testId } from "../faults.ts";
import { append, mint } from "./outbox_fixture.ts";
import type { OutboxFixture } from "./outbox_fixture.ts";

const OLD = testId(1);
const NEW = testId(2);

function unpark(incarnation: IncarnationId): OutboxWrite {
  return { type: "unpark", incarnation };
}

/** Adds this part of the suite to `test`. */
export function acceptMarks(test: Test, makeFixture: () => OutboxFixture): void {
  test("park keeps the trouble until unpark when the outbox is opened again", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    const trouble = {
      kind: "gap",
      incarnation: OLD,
      events: { first: 1, last: 2 ** 53 - 1 },
      digest: testId(0xd),
      detail: "1 to 4 are gone",
    } as const;
    await store.write([mint(OLD), { type: "park", incarnation: OLD, trouble }, mint(NEW)]);
    const again = fixture.open();
    const { incarnations } = await again.load();
    assert.equal(incarnations[0]?.parked, trouble);
    assert.is(incarnations[1]?.parked, undefined);
    await again.write([unpark(OLD)]);
    const before = again.state;
    assert.is(before.incarnations[0]?.parked, undefined);
    await again.write([unpark(OLD), unpark(NEW)]);
    assert.is(again.state, before, "nothing was parked");
    assert.is((await fixture.open().load()).incarnations[0]?.parked, undefined);
  });

  test("park asserts the incarnation's own trouble, and that it is not closed", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 1]), { type: "close", incarnation: OLD }]);
    const park = (incarnation: IncarnationId, of: IncarnationId): OutboxWrite => {
      const trouble = { kind: "gap", incarnation: of, ...NO_EVENTS, detail: "" } as const;
      return { type: "park", incarnation, trouble };
    };
    await assertionOf("its own trouble", () => store.write([park(OLD, NEW)]));
    await assertionOf("closed incarnation", () => store.write([park(OLD, OLD)]));
    await assertionOf("has the incarnation", () => store.write([park(NEW, NEW)]));
    await assertionOf("has the incarnation", () => store.write([unpark(NEW)]));
  });

  test("membership keeps the seen ledger when a write has none", async () => {
    await using fixture = makeFixture();
    const seen = { ledgerId: testId(7), generation: testId(8), version: 2 ** 53 - 1 };
    await fixture.open().write([{ type: "membership", membership: "member", seen }]);
    const store = fixture.open();
    const member = await store.load();
    assert.is(member.membership, "member");
    assert.equal(member.seen, seen);
    await store.write([{ type: "membership", membership: "leaving", seen: undefined }]);
    const leaving = await fixture.open().load();
    assert.is(leaving.membership, "leaving");
    assert.equal(leaving.seen, seen);
  });

  test("membership keeps the fingerprint of the first admission for ever", async () => {
    await using fixture = makeFixture();
    const admission = { type: "membership", membership: "member", seen: undefined } as const;
    const fingerprint = testId(0xf);
    await fixture.open().write([{ ...admission, fingerprint }]);
    const store = fixture.open();
    assert.is((await store.load()).fingerprint, fingerprint);
    await store.write([{ type: "membership", membership: "leaving", seen: undefined }]);
    await store.write([{ ...admission, fingerprint }]);
    await assertionOf("keeps the secret", () => {
      return store.write([{ ...admission, fingerprint: testId(0x10) }]);
    });
    assert.is((await fixture.open().load()).fingerprint, fingerprint);
  });

  test("append keeps the mark of a client when it has one", async () => {
    await using fixture = makeFixture();
    const mark = "tick 2 of 7, é";
    const marked = append(OLD, [1, 1], { mark });
    await fixture.open().write([mint(OLD), marked, append(OLD, [2, 2])]);
    assert.is((await fixture.open().load()).mark, mark);
    const newer = append(OLD, [3, 3], { mark: "m".repeat(MARK_CHARS_MAX) });
    await fixture.open().write([newer]);
    assert.is((await fixture.open().load()).mark, newer.mark);
  });

  test("append asserts when the mark is too long", async () => {
    await using fixture = makeFixture();
    const marked = append(OLD, [1, 1], { mark: "m".repeat(MARK_CHARS_MAX + 1) });
    await assertionOf("mark is short", () => fixture.open().write([mint(OLD), marked]));
  });
}
