import { test } from "uvu";
import * as assert from "uvu/assert";
import { Outage } from "../../src/log/outage.ts";

test("isNews() is true once per reason, also when reasons alternate", () => {
  const outage = new Outage();
  const logged = ["away", "full", "away", "full", "away"].map((reason) => outage.isNews(reason));
  assert.equal(logged, [true, true, false, false, false]);
  assert.is(outage.end(), true);
  assert.is(outage.isNews("away"), true, "in the next outage");
});

test("isNews() becomes false when reasons never repeat", () => {
  const outage = new Outage();
  const logged = Array.from({ length: 1_000 }, (_, index) => outage.isNews(`label ${index}`));
  assert.is(logged.filter((isLogged) => isLogged).length, 8);
});

test("end() returns whether there was an outage", () => {
  const outage = new Outage();
  assert.is(outage.end(), false);
  outage.isNews("away");
  assert.equal([outage.end(), outage.end()], [true, false]);
});

test.run();
