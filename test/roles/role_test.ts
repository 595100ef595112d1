import { test } from "uvu";
import * as assert from "uvu/assert";
import { Driver } from "../../src/roles/role.ts";

test("a Driver reports a bug of its core once, and hands it no more events", () => {
  const [events, failures]: [string[], unknown[]] = [[], []];
  const bug = new Error("a bug");
  const core = {
    handle(event: string) {
      events.push(event);
      throw bug;
    },
  };
  const driver = new Driver(
    core,
    () => {},
    (error) => failures.push(error),
  );
  driver.drive("first");
  driver.drive("second");
  driver.fail(new Error("later"));
  assert.equal(events, ["first"]);
  assert.equal(failures, [bug]);
});

test("a Driver reports a bug that a read of the core finds, and throws it to the caller", () => {
  const failures: unknown[] = [];
  const bug = new Error("a bug");
  const core = { handle: () => [] };
  const driver = new Driver(
    core,
    () => {},
    (error) => failures.push(error),
  );
  assert.throws(
    () => {
      driver.read(() => {
        throw bug;
      });
    },
    (error: unknown) => error === bug,
  );
  assert.ok(driver.isStopped);
  assert.equal(failures, [bug]);
});

test("a Driver that was stopped ignores failures", () => {
  const failures: unknown[] = [];
  const driver = new Driver(
    { handle: () => [] },
    () => {},
    (error) => failures.push(error),
  );
  driver.stop();
  driver.fail(new Error("the store is closed"));
  assert.equal(failures, []);
});

test.run();
