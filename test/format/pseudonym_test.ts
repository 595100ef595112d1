import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkItemId } from "../../src/core/protocol/like_event.ts";
import { checkSubject, siteOf } from "../../src/core/protocol/subject.ts";
import { fingerprintOf, pseudonymOf as ofSite } from "../../src/format/pseudonym.ts";

const SECRET = Buffer.alloc(32, 7);
/** Few characters, so that sites and subjects share their beginnings and ends. */
const TEXT = fc.string({
  unit: fc.constantFrom("a", "a", "b", "b", "/", "/", "\0", "person"),
  minLength: 1,
  maxLength: 4,
});

test("pseudonymOf() never changes: ledgers and outboxes have it for ever", () => {
  assert.is(pseudonymOf(SECRET, "blog/post-1", "ada"), "73f8441340296b45575d802f1846c030");
  assert.is(pseudonymOf(SECRET, "video", "ada"), "c52997f51f4d39f38210b296e019a3da");
});

test("fingerprintOf() never changes, and differs for another secret", () => {
  assert.is(fingerprintOf(SECRET), "e6579d34737b83529e6d70fa2178c932");
  assert.is(fingerprintOf(Buffer.alloc(32, 8)), "6f0e8fa201bed52794d915e3d06d2129");
});

test("pseudonymOf() is the same for all items of a site", () => {
  const person = pseudonymOf(SECRET, "blog/post-1", "ada");
  assert.is(pseudonymOf(SECRET, "blog/2026/post-2", "ada"), person);
  assert.is(pseudonymOf(SECRET, "video", "ada"), pseudonymOf(SECRET, "song", "ada"));
});

test("pseudonymOf() differs for another site, another subject or another secret", () => {
  const persons = [
    pseudonymOf(SECRET, "blog/post-1", "ada"),
    pseudonymOf(SECRET, "shop/post-1", "ada"),
    pseudonymOf(SECRET, "post-1", "ada"),
    pseudonymOf(SECRET, "blog/post-1", "Ada"),
    pseudonymOf(Buffer.alloc(32, 8), "blog/post-1", "ada"),
  ];
  assert.is(new Set(persons).size, persons.length);
  for (const person of persons) assert.match(person, /^[0-9a-f]{32}$/);
});

test("pseudonymOf() is shared by no two accepted persons, wherever slashes and NULs stand", () => {
  let compared = 0;
  fc.assert(
    fc.property(TEXT, TEXT, TEXT, TEXT, (itemId, subject, otherItemId, otherSubject) => {
      if (!isAccepted(itemId, subject) || !isAccepted(otherItemId, otherSubject)) return;
      compared++;
      const isSame = siteOf(itemId) === siteOf(otherItemId) && subject === otherSubject;
      const person = pseudonymOf(SECRET, itemId, subject);
      assert.is(person === pseudonymOf(SECRET, otherItemId, otherSubject), isSame);
    }),
    { numRuns: 5_000 },
  );
  assert.ok(compared > 500, `only ${compared} were compared`);
  for (const [itemId, subject] of [
    ["a\0b/c", "d"],
    ["a/c", "b\0d"],
  ] as const) {
    assert.not.ok(isAccepted(itemId, subject), "these two would share one");
  }
});

test.run();

function isAccepted(itemId: string, subject: string): boolean {
  return checkItemId(itemId) === undefined && checkSubject(subject) === undefined;
}

/** Returns the pseudonym of a person for an item. */
function pseudonymOf(secret: Uint8Array, itemId: string, subject: string): string {
  return ofSite(secret, siteOf(itemId), subject);
}
