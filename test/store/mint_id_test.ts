import { test } from "uvu";
import * as assert from "uvu/assert";
import { mintId } from "../../src/store/mint_id.ts";

test("mintId() returns 32 hexadecimal digits, different in every call", () => {
  const minted = Array.from({ length: 1_000 }, mintId);
  for (const id of minted) assert.match(id, /^[0-9a-f]{32}$/);
  assert.is(new Set(minted).size, minted.length);
});

test.run();
