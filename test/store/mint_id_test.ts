import { test } from "uvu";
import * as assert from "uvu/assert";
import { mintId } from "../../src/store/mint_id.ts";

test("mintId() gives 32 hexadecimal digits that are never the same when it is called again", () => {
  const minted = Array.from({ length: 1_000 }, mintId);
  for (const id of minted) assert.match(id, /^[0-9a-f]{32}$/);
  assert.is(new Set(minted).size, minted.length);
});

test.run();
