/** The commands of an operator against a fake primary, and without one. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DecisionRow } from "../../src/core/ledger/rows.ts";
import type { OperatorRequest, OperatorResult } from "../../src/core/primary/primary_events.ts";
import type { TroubleStatus } from "../../src/core/primary/status.ts";
import { operatorSocketPath, serveOperator } from "../../src/rpc/server/operator_socket.ts";
import { healthOf } from "../fixtures/health.ts";
import { Counter } from "../fixtures/roles.ts";
import { DECISION, TROUBLE } from "../rpc/operator_fixture.ts";

const RETIRED: DecisionRow = {
  ...DECISION,
  number: 5,
  kind: "retire",
  trouble: undefined,
  incarnation: undefined,
  givenUp: undefined,
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

const REFUSAL = { code: "decision_refused", message: "Cannot resolve: it streams" } as const;

/** A primary that records four troubles of `a`: the second ends by itself, the last is rejected. */
async function inTrouble(): Promise<FakePrimary> {
  const also = { ...DECISION, number: 5, trouble: { number: 5, kind: "gap" } } as const;
  const fake = await FakePrimary.start({ type: "decided", decisions: [DECISION, also] });
  fake.troubles = [3, 4, 5, 6].map((number) => ({ ...TROUBLE, number }));
  fake.ending = [4];
  fake.refused = [6];
  return fake;
}

const WHAT = ["gap at a, incarnation", TROUBLE.incarnation.slice(0, 8)].join(" ");

test("resolve --all lists troubles, and decides nothing without --yes", async () => {
  await using fake = await inTrouble();
  const listed = await fake.likes(["resolve", "--all", "--of", "a", "--of", TROUBLE.outboxId]);
  assert.is(listed.code, 0, listed.stderr);
  const lines = listed.stdout.trimEnd().split("\n");
  assert.is(lines.length, 4, "each once, by whichever name");
  for (const [index, line] of lines.entries()) {
    assert.ok(line.startsWith(`trouble ${index + 3}: ${WHAT}, since `), line);
    assert.match(line, `likes resolve ${index + 3})`);
  }
  assert.match(listed.stderr, "nothing is decided yet: add --yes");
  const json = await fake.likes(["resolve", "--all", "--of", "a", "--json"]);
  const numbers = json.stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      return (JSON.parse(line) as { trouble: { number: number } }).trouble.number;
    });
  assert.equal([numbers, json.code], [[3, 4, 5, 6], 0]);
  assert.equal(fake.asked, []);
});

test("resolve --all --yes prints each result, and exits 1 when one is rejected", async () => {
  await using fake = await inTrouble();
  const args = ["resolve", "--all", "--of", "a", "--yes", "--reason", "known"];
  const { code, stdout, stderr } = await fake.likes(args);
  assert.is(code, 1, stderr);
  const [first, second, ...others] = stdout.trimEnd().split("\n");
  assert.match(first ?? "", /^decision 4: trouble 3 \(gap of incarnation .* is resolved/);
  assert.match(second ?? "", /^decision 5: trouble 5 /);
  assert.equal(others, [
    `trouble 4: ${WHAT} is already over`,
    `trouble 6: ${WHAT} is not resolved: Cannot resolve: it streams`,
  ]);
  assert.match(stderr, "1 of 4 are not resolved");
  assert.equal(
    fake.asked,
    [3, 4, 6].map((troubleNumber) => ({ type: "resolve", troubleNumber, reason: "known" })),
    "a trouble that ended with another one is not resolved",
  );
});

test("resolve --all --yes --json prints one object for each trouble", async () => {
  await using fake = await inTrouble();
  fake.refused = [];
  const { code, stdout } = await fake.likes(["resolve", "--all", "--of", "a", "--yes", "--json"]);
  assert.is(code, 0);
  const told = stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { troubleNumber, outcome, decisions } = JSON.parse(line) as {
        troubleNumber: number;
        outcome: string;
        decisions: readonly unknown[];
      };
      return [troubleNumber, outcome, decisions.length];
    });
  assert.equal(told, [
    [3, "decided", 2],
    [4, "over", 0],
    [6, "decided", 2],
  ]);
});

test("resolve exits 2 without a choice, and 1 when there is no such trouble", async () => {
  await using fake = await inTrouble();
  const wrong = [[], ["--all"], ["--of", "a"], ["--yes"], ["3", "--all"], ["3", "--yes"]];
  for (const args of wrong) {
    const { code, stderr } = await fake.likes(["resolve", ...args]);
    assert.is(code, 2, stderr);
    assert.match(stderr, "give the number of one, or --all with --of SERVER");
  }
  const { code, stderr } = await fake.likes(["resolve", "--all", "--of", "nobody", "--yes"]);
  assert.is(code, 1);
  assert.match(stderr, 'Cannot resolve: the ledger records no trouble of "nobody"');
  assert.equal(fake.asked, []);
});

test("resolve exits with the primary's reason when it decides nothing", async () => {
  const message = "Cannot resolve: there is no trouble 3; see likes status";
  const refusal = { code: "decision_refused", message } as const;
  await using fake = await FakePrimary.start({ type: "refused", refusal });
  const { code, stdout, stderr } = await fake.likes(["resolve", "3"]);
  assert.is(code, 1);
  assert.is(stderr, `Error: ${message}\n`);
  assert.is(stdout, "");
  const json = await fake.likes(["resolve", "3", "--json"]);
  const { error } = JSON.parse(json.stdout) as { error: object };
  assert.equal(error, { code: "decision_refused", message, exit: 1 });
});

test("retire exits 5 when the decision is unknown", async () => {
  await using fake = await FakePrimary.start(undefined);
  const { code, stderr } = await fake.likes(["retire", "a", "--timeout", "3s"]);
  assert.is(code, 5, stderr);
  assert.match(stderr, "Cannot tell whether it was decided");
});

test("retire and resolve exit 3 and name the socket when no primary runs there", async () => {
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

test("start-primary counts without operator commands when its folder's name is too long", async () => {
  await using counter = new Counter();
  const dataDir = join(counter.folder, "a".repeat(100));
  const folders = ["--data-dir", dataDir, "--log-dir", counter.logDir];
  const primary = counter.spawn(["start-primary", "--port", "0", ...folders]);
  const [, address = ""] = await primary.waitFor(/^listening (\S+)$/m);
  assert.is(await healthOf(address), "SERVING");
  const log = readFileSync(join(counter.logDir, "PrimaryLikesServer", "log.txt"), "utf8");
  assert.match(log, "likes retire and likes resolve are off: Cannot listen for operator commands");
  const { code, stderr } = await counter.likes(["resolve", "1", "--data-dir", dataDir]);
  assert.is(code, 3);
  assert.match(
    stderr,
    "and a socket's may have 107; give the primary and its commands a shorter --data-dir",
  );
});

/** The socket of a primary that gives every decision the same result. */
class FakePrimary implements AsyncDisposable {
  readonly asked: OperatorRequest[] = [];
  /** Recorded and undecided troubles. */
  troubles: readonly TroubleStatus[] = [];
  /** Troubles that cannot be resolved, and troubles that end just before. */
  refused: readonly number[] = [];
  ending: readonly number[] = [];
  readonly #counter = new Counter();
  #close: () => Promise<void> = () => Promise.resolve();

  /** Without an outcome, the primary never answers. */
  static async start(outcome: OperatorResult | undefined): Promise<FakePrimary> {
    const fake = new FakePrimary();
    const path = operatorSocketPath(fake.#counter.dataDir);
    mkdirSync(join(path, ".."), { recursive: true });
    const server = await serveOperator(path, {
      decide: (decision, done) => {
        fake.asked.push(decision);
        const number = decision.type === "resolve" ? decision.troubleNumber : 0;
        if (fake.ending.includes(number)) fake.end(number);
        const isRefused = fake.refused.includes(number) || fake.ending.includes(number);
        if (isRefused) done({ type: "refused", refusal: REFUSAL });
        else if (outcome !== undefined) done(outcome);
      },
      troublesOf: (server) => {
        return fake.troubles.filter((one) => [one.serverId, one.outboxId].includes(server));
      },
    });
    fake.#close = () => server.close();
    return fake;
  }

  end(ended: number): void {
    this.troubles = this.troubles.filter(({ number }) => number !== ended);
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
