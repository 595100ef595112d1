/** The commands of an operator against a primary that is made up, and where there is none. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DecisionRow } from "../../src/core/ledger.ts";
import type { Operation, OperationOutcome } from "../../src/core/primary_events.ts";
import { operatorSocketPath, serveOperator } from "../../src/rpc/operator_socket.ts";
import { healthOf } from "../fixtures/health.ts";
import { Counter } from "../fixtures/roles.ts";
import { DECISION } from "../rpc/operator_fixture.ts";

const RETIRED: DecisionRow = {
  ...DECISION,
  number: 5,
  kind: "retire",
  trouble: "",
  troubleNumber: 0,
  incarnation: "",
  firstSequence: 0,
  lastSequence: 0,
};

test("resolve and retire print what was decided, as lines and as JSON", async () => {
  const outcome = { type: "decided", decisions: [DECISION, RETIRED] } as const;
  await using fake = await FakePrimary.start(outcome);
  const resolved = await fake.likes(["resolve", "3", "--reason", "the disk was replaced"]);
  assert.is(resolved.code, 0, resolved.stderr);
  assert.is(
    resolved.stdout,
    `decision 4: trouble 3 (gap of incarnation ${DECISION.incarnation}) is resolved, ` +
      "#5 to #9007199254740991 will never be counted: " +
      "the disk was replaced\n" +
      `decision 5: outbox ${RETIRED.outboxId} is retired: the disk was replaced\n`,
  );
  const retired = await fake.likes(["retire", "a", "--json"]);
  assert.is(retired.code, 0, retired.stderr);
  const { decisions } = JSON.parse(retired.stdout) as { decisions: readonly object[] };
  assert.is(decisions.length, 2);
  assert.equal(decisions[0], {
    number: 4,
    kind: "DECISION_KIND_RESOLVE",
    troubleKind: "TROUBLE_KIND_GAP",
    troubleNumber: 3,
    outboxId: DECISION.outboxId,
    incarnation: DECISION.incarnation,
    firstSequence: "5",
    lastSequence: "9007199254740991",
    asOfUnixMs: "10",
    decidedUnixMs: "20",
    reason: "the disk was replaced",
  });
  assert.equal(fake.asked, [
    { type: "resolve", troubleNumber: 3, reason: "the disk was replaced" },
    { type: "retire", server: "a", reason: "" },
  ]);
});

test("resolve exits with the primary's own reason when it decides nothing", async () => {
  const message = "Cannot resolve: there is no trouble 3; see likes status";
  const refusal = { code: "operation_refused", message } as const;
  await using fake = await FakePrimary.start({ type: "refused", refusal });
  const { code, stdout, stderr } = await fake.likes(["resolve", "3"]);
  assert.is(code, 1);
  assert.is(stderr, `Error: ${message}\n`);
  assert.is(stdout, "");
  const json = await fake.likes(["resolve", "3", "--json"]);
  const { error } = JSON.parse(json.stdout) as { error: object };
  assert.equal(error, { code: "operation_refused", message, exit: 1 });
});

test("retire exits 5 when it cannot tell what was decided", async () => {
  await using fake = await FakePrimary.start(undefined);
  const { code, stderr } = await fake.likes(["retire", "a", "--timeout", "3s"]);
  assert.is(code, 5, stderr);
  assert.match(stderr, "Cannot tell whether it was decided");
});

test("retire and resolve exit 3 and say where they looked when no primary runs there", async () => {
  await using counter = new Counter();
  const path = operatorSocketPath(counter.dataDir);
  for (const args of [
    ["retire", "a"],
    ["resolve", "1"],
  ]) {
    const { code, stderr } = await counter.likes([...args, "--data-dir", counter.dataDir]);
    assert.is(code, 3);
    assert.match(stderr, `Cannot reach the primary through ${JSON.stringify(path)}`);
    assert.match(stderr, "start the primary, or give its --data-dir");
  }
});

test("start-primary counts without its operator when its folder has too long a name", async () => {
  await using counter = new Counter();
  const dataDir = join(counter.folder, "a".repeat(100));
  const folders = ["--data-dir", dataDir, "--log-dir", counter.logDir];
  const primary = counter.spawn(["start-primary", "--port", "0", ...folders]);
  const [, address = ""] = await primary.waitFor(/^listening (\S+)$/m);
  assert.is(await healthOf(address), "SERVING");
  const log = readFileSync(join(counter.logDir, "PrimaryLikesServer", "log.txt"), "utf8");
  assert.match(log, "likes retire and likes resolve are off: Cannot take commands of an operator");
  const { code, stderr } = await counter.likes(["resolve", "1", "--data-dir", dataDir]);
  assert.is(code, 3);
  assert.match(stderr, "and that of a socket at most 107; give a shorter --data-dir");
});

/** The socket of a primary that ends every operation alike. */
class FakePrimary implements AsyncDisposable {
  readonly asked: Operation[] = [];
  readonly #counter = new Counter();
  #close: () => Promise<void> = () => Promise.resolve();

  /** Without an outcome it never answers. */
  static async start(outcome: OperationOutcome | undefined): Promise<FakePrimary> {
    const fake = new FakePrimary();
    const path = operatorSocketPath(fake.#counter.dataDir);
    mkdirSync(join(path, ".."), { recursive: true });
    const server = await serveOperator(path, {
      operate: (operation, done) => {
        fake.asked.push(operation);
        if (outcome !== undefined) done(outcome);
      },
    });
    fake.#close = () => server.close();
    return fake;
  }

  likes(args: readonly string[]) {
    return this.#counter.likes([...args, "--data-dir", this.#counter.dataDir]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await this.#counter[Symbol.asyncDispose]();
  }
}

test.run();
