import { test } from "uvu";
import * as assert from "uvu/assert";
import { ignoredSignals } from "../../src/cli/ignored_signals.ts";

test("ignoredSignals() returns what bin/likes detected, and SIGHUP under nohup", () => {
  const found = (named: string | undefined, last?: string) => {
    return [...ignoredSignals({ LIKES_IGNORED_SIGNALS: named, _: last })];
  };
  assert.equal(found(undefined), []);
  assert.equal(found(""), []);
  assert.equal(found(" SIGHUP"), ["SIGHUP"]);
  assert.equal(found(" SIGHUP SIGINT SIGTERM"), ["SIGHUP", "SIGINT", "SIGTERM"]);
  assert.equal(found(" SIGKILL HUP"), []);
  assert.equal(found(undefined, "/usr/bin/nohup"), ["SIGHUP"]);
  assert.equal(found(" SIGINT", "nohup"), ["SIGHUP", "SIGINT"]);
  assert.equal(found(undefined, "/usr/bin/nohups"), []);
});

test.run();
