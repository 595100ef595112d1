import { test } from "uvu";
import * as assert from "uvu/assert";
import { ConnectAttempts } from "../../../src/core/likes_server/connect_attempts.ts";
import { backoffMs } from "../../../src/core/protocol/backoff.ts";

test("failed() delays the next attempt further each time, until one succeeds", () => {
  const attempts = new ConnectAttempts(() => 0);
  assert.is(attempts.mayConnect(0), true);
  attempts.failed(100);
  attempts.failed(100);
  assert.is(attempts.failures, 2);
  assert.is(attempts.mayConnect(99 + backoffMs(2, 0)), false);
  assert.is(attempts.mayConnect(100 + backoffMs(2, 0)), true);
  attempts.succeeded();
  assert.is(attempts.failures, 0);
  attempts.failed(1_000);
  assert.is(attempts.mayConnect(1_000 + backoffMs(1, 0)), true);
});

test.run();
