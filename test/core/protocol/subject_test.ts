import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkSite, checkSubject, siteOf } from "../../../src/core/protocol/subject.ts";
import { SUBJECT_BYTES_MAX } from "../../../src/limits.ts";

test("siteOf() is what stands before the first slash, and empty without one", () => {
  for (const [itemId, site] of [
    ["blog/post-1", "blog"],
    ["blog/2026/post-1", "blog"],
    ["blog/", "blog"],
    ["blog", ""],
    ["/post-1", ""],
  ] as const) {
    assert.is(siteOf(itemId), site, itemId);
  }
});

test("checkSite() takes what siteOf() returns, and no item", () => {
  for (const site of ["", "blog", "example.org"]) assert.is(checkSite(site), undefined, site);
  assert.match(checkSite("blog/post-1")?.message ?? "", "it has a slash; leave the item out");
  assert.match(checkSite("a\nb")?.message ?? "", "it has control characters");
});

test("checkSubject() takes 1 to SUBJECT_BYTES_MAX bytes of any script", () => {
  for (const subject of [
    "a",
    "ada@example.org",
    "Ада 1",
    "😀",
    "/",
    " ",
    "a".repeat(SUBJECT_BYTES_MAX),
  ]) {
    assert.is(checkSubject(subject), undefined, subject);
  }
});

test("checkSubject() refuses other texts, and does not repeat them", () => {
  for (const subject of [
    "",
    "a".repeat(SUBJECT_BYTES_MAX + 1),
    "😀".repeat(SUBJECT_BYTES_MAX / 4) + "a",
    "secret\0",
    "secret\n",
    "secret\u0085",
    "secret\ud800",
    "secret\ufffd",
  ]) {
    const refusal = checkSubject(subject);
    assert.is(refusal?.code, "like_invalid", JSON.stringify(subject));
    assert.not.match(refusal?.message ?? "", /secret|aaa/);
    assert.match(refusal?.message ?? "", `a person of ${Buffer.byteLength(subject)} bytes`);
  }
});

test.run();
