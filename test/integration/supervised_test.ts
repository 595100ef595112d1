import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXIT } from "../../src/errors.ts";
import { Counter } from "../fixtures/roles.ts";

test("a role ends with a usage error when it is supervised without a parent", async () => {
  await using counter = new Counter();
  const places = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir, "--port", "0"];
  const { code, stderr } = await counter
    .spawn(["start-primary", ...places, "--supervised"])
    .result();
  assert.is(code, EXIT.usage);
  assert.is(
    stderr,
    "Error: Cannot use --supervised: this process has no parent; " +
      "only likes orchestrate passes the flag\n",
  );
  assert.not(existsSync(counter.dataDir));
});

test("a supervised role ends with the reason when its flags cannot be used", async () => {
  await using counter = new Counter();
  const refusals = {
    "start-primary --bogus --supervised": /^Error: Cannot start supervised: Unknown option/,
    "start-primary --supervised": /^Error: Cannot start supervised without --log-dir: pass it$/m,
  };
  for (const [line, reason] of Object.entries(refusals)) {
    const role = counter.spawn(line.split(" "), { ipc: true });
    const { code, stderr } = await role.result();
    assert.is(code, EXIT.usage, line);
    assert.match(stderr, reason);
  }
});

test("a supervised role ends with the reason when its store cannot be opened", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const places = ["--data-dir", counter.dataDir, "--log-dir", join(counter.folder, "other")];
  const flags = ["start-primary", ...places, "--port", "0", "--supervised"];
  const { code, stderr } = await counter.spawn(flags, { ipc: true }).result();
  assert.is(code, EXIT.failed);
  assert.match(stderr, /^Error: Cannot open the ledger .*: another process holds it/);
});

test("an item may be named --supervised when likes are added to it", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const server = await counter.startAccepting("a");
  const args = ["add", "--server", server.address, "--", "--supervised"];
  const { code, stdout } = await counter.likes(args);
  assert.is(code, EXIT.done);
  assert.match(stdout, /accepted 1 like for --supervised/);
});

test.run();
