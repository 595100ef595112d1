import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseSize, writeSize } from "../../src/text/size.ts";
import { LikesError } from "../../src/errors.ts";
import { RETAIN_BYTES_DEFAULT, RETAIN_BYTES_MAX } from "../../src/limits.ts";

test("parseSize() returns bytes when the text is a size", () => {
  const sizes = { "0": 0, "1": 1, "4096": 4_096, "3KiB": 3_072, "256MiB": RETAIN_BYTES_DEFAULT };
  for (const [text, bytes] of Object.entries(sizes)) {
    assert.is(parseSize(text, RETAIN_BYTES_MAX), bytes, text);
  }
  assert.is(parseSize("4GiB", RETAIN_BYTES_MAX), RETAIN_BYTES_MAX);
});

test("parseSize() throws a usage error for any other text", () => {
  const wrong = ["", "-1", "1.5MiB", "1 MiB", "1mib", "1MB", "1M", "1e9", "0x10", "01", "MiB", "٣"];
  for (const text of [...wrong, "1MiB\n", "9".repeat(13)]) {
    assert.throws(() => parseSize(text, RETAIN_BYTES_MAX), isUsage, JSON.stringify(text));
  }
});

test("parseSize() names the bound when the size exceeds it", () => {
  for (const text of ["4294967297", "5GiB", "999999999999GiB"]) {
    assert.throws(() => parseSize(text, RETAIN_BYTES_MAX), `"${text}": give at most 4GiB`);
  }
});

test("writeSize() is read back by parseSize() for any whole size", () => {
  assert.is(writeSize(RETAIN_BYTES_DEFAULT), "256MiB");
  assert.is(writeSize(1_000), "1000");
  assert.is(writeSize(0), "0");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: RETAIN_BYTES_MAX }), (bytes) => {
      assert.is(parseSize(writeSize(bytes), RETAIN_BYTES_MAX), bytes);
    }),
  );
});

function isUsage(error: unknown): boolean {
  return error instanceof LikesError && error.code === "usage";
}

test.run();
