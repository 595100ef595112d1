/** outbox_size_test.ts checks these numbers against the file. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import { RECORD_BYTES_MAX } from "../../../src/limits.ts";

test("recordDiskBytes() returns the size of records of one event, of a page and of many", () => {
  assert.is(recordDiskBytes(7), 119);
  assert.is(recordDiskBytes(929), 1_348);
  assert.is(recordDiskBytes(930), 4_096 + 1_348);
  assert.is(recordDiskBytes(929 + 4_092), 4_096 + 1_348);
  assert.is(recordDiskBytes(929 + 4_093), 2 * 4_096 + 1_348);
});

test("recordDiskBytes() exceeds the events and never shrinks with more of them", () => {
  let before = 0;
  for (let eventBytes = 1; eventBytes <= RECORD_BYTES_MAX; eventBytes++) {
    const bytes = recordDiskBytes(eventBytes);
    assert.ok(bytes > eventBytes && bytes >= before && Number.isInteger(bytes), `${eventBytes}`);
    before = bytes;
  }
});

test.run();
