/**
 * Persons on real processes: each counts once per item, through whatever LikesServers, however often
 * a request is sent and whatever is killed. No file has what a person is called.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RegisterState } from "../../src/core/protocol/register.ts";
import { siteOf } from "../../src/core/protocol/subject.ts";
import { pseudonymOf } from "../../src/format/pseudonym.ts";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { waitForConvergence } from "../../src/rpc/client/wait_for_convergence.ts";
import { readOutbox } from "../../src/store/outbox/outbox_reader.ts";
import { SECRET_FILE } from "../../src/store/shared_files.ts";
import { secretIn } from "../../src/store/secret_file.ts";
import { faultOf, testId } from "../store/faults.ts";
import { becomes } from "../fixtures/eventually.ts";
import { healthOf } from "../fixtures/health.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import { giveSecret } from "../fixtures/secret.ts";

const CALL_WAIT_MS = 60_000;
const CONVERGE_WAIT_MS = 300_000;
const PERSONS = 447;
const TAKEN_BACK = 13;
const ITEM = "blog/post-1";
/** Stands in every subject, and nowhere else. */
const SUBJECT = "kowalska@example.org";
const NONE = { likes: 0, reaction: 0 };
const ONE = { likes: 1, reaction: 1 };

test("447 persons of whom 13 take their like back are 434, though each request comes twice", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const roles = [await counter.startAccepting("a"), await counter.startAccepting("b")];
  using clients = new ClientsOf(roles);
  const persons = Array.from({ length: PERSONS }, (_, index) => `${SUBJECT}/${index}`);
  // Every other one leaves the revision to the LikesServer.
  const revisionOf = (index: number, revision: number) => (index % 2 === 0 ? undefined : revision);
  await Promise.all(
    persons.map((subject, index) => clients.set(ITEM, subject, ONE, revisionOf(index, 1))),
  );
  await converged(counter);
  await Promise.all(
    persons.slice(0, TAKEN_BACK).map((subject, index) => {
      return clients.set(ITEM, subject, NONE, revisionOf(index, 2));
    }),
  );
  await expectLikes(counter, clients, ITEM, PERSONS - TAKEN_BACK);
  const { stdout } = await counter.likes(["count", ITEM, "--primary", counter.primary]);
  assert.match(stdout, `${ITEM}    434\n`);
  assert.is((await counter.status()).totalLikes, BigInt(PERSONS - TAKEN_BACK));
});

test("a like that is taken back twice at once is 0, and the same like sent after a crash is 1", async () => {
  await using counter = new Counter();
  let primary = await counter.startPrimary();
  const roles = [await counter.startAccepting("a"), await counter.startAccepting("b")];
  using clients = new ClientsOf(roles);
  const [first, second] = clients.all;
  if (first === undefined || second === undefined) throw new Error("There are two LikesServers");
  await first.setLike(setOf("taken", ONE, undefined), CALL_WAIT_MS);
  await expectLikes(counter, clients, "taken", 1);
  await clients.set("taken", SUBJECT, NONE, undefined);
  await expectLikes(counter, clients, "taken", 0);

  const like = setOf("kept", ONE, 1);
  assert.is((await first.setLike(like, CALL_WAIT_MS)).outcome.type, "stored");
  await Promise.all([primary, ...roles].map((role) => role.end("SIGKILL")));
  primary = await counter.startPrimary();
  const restarted = [await counter.startAccepting("a"), await counter.startAccepting("b")];
  using clientsAgain = new ClientsOf(restarted);
  await clientsAgain.all[1]?.setLike(like, CALL_WAIT_MS);
  await expectLikes(counter, clientsAgain, "kept", 1);
  await expectLikes(counter, clientsAgain, "taken", 0);
});

test("an operation counts once at three LikesServers, and a file with one as often as it is added", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const roles: Role[] = [];
  for (const id of ["a", "b", "c"]) roles.push(await counter.startAccepting(id));
  using clients = new ClientsOf(roles);
  const operation = { client: testId(0xc1), number: 1 };
  const add = { itemId: "video", likes: 5n, operation };
  await Promise.all(clients.all.map((client) => client.addLikes(add, CALL_WAIT_MS)));
  await expectLikes(counter, clients, "video", 5);

  const file = join(counter.folder, "likes.txt");
  writeFileSync(file, "song 2\nsong 3\nno likes at all\nsong 4\n");
  const uuid = randomUUID();
  for (const { address } of roles) {
    const args = ["add", "--from", file, "--operation", uuid, "--server", address];
    const { code, stdout } = await counter.likes(args);
    assert.equal([code, stdout], [2, "accepted 3 lines: 9 likes\n"], "one line is refused");
  }
  await expectLikes(counter, clients, "song", 9);
});

test("no log, no JSON, no ledger and no outbox has what a person is called", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  using clients = new ClientsOf([role]);
  const [client] = clients.all;
  if (client === undefined) throw new Error("There is a LikesServer");
  const at = ["--server", role.address];
  const person = ["--person", SUBJECT];
  const printed: string[] = [];
  for (const args of [
    ["set", ITEM, "1", ...person, ...at],
    ["set", ITEM, "1", ...person, "--revision", "1", ...at],
    ["set", ITEM, "7", "--reaction", "3", ...person, ...at],
    ["count", ITEM, ...person, ...at],
    ["set", ITEM, "0", ...person, ...at],
    ["set", ITEM, "0", ...person, ...at],
  ]) {
    const { code, stdout, stderr } = await counter.likes([...args, "--json"]);
    assert.is(code, 0, stderr);
    printed.push(stdout, stderr);
  }
  const outcomes = printed.map((text) => /"outcome":"(\w+)"/.exec(text)?.[1]).filter(Boolean);
  assert.equal(outcomes, ["stored", "stored", "stored", "stored", "same"]);
  const tooLong = SUBJECT.repeat(20);
  const refused = await faultOf("like_invalid", () => {
    return client.setLike({ ...setOf(ITEM, ONE, undefined), subject: tooLong }, CALL_WAIT_MS);
  });
  printed.push(refused.message);
  await converged(counter);
  await primary.end("SIGKILL"); // leaves what a write-ahead log has
  await role.end("SIGKILL");
  printed.push(primary.stdout, primary.stderr, role.stdout, role.stderr);
  for (const text of printed) assert.not.ok(text.includes(SUBJECT), text);
  const pseudonym = pseudonymOf(secretIn(counter.dataDir), siteOf(ITEM), SUBJECT);
  const holders: string[] = [];
  for (const path of filesIn(counter.folder)) {
    const bytes = readFileSync(path);
    assert.not.ok(bytes.includes(SUBJECT), path);
    assert.not.ok(bytes.includes(tooLong.slice(0, 300)), path);
    if (bytes.includes(Buffer.from(pseudonym, "hex"))) holders.push(path);
  }
  const has = (name: string) => holders.some((path) => path.includes(name));
  assert.ok(has("ledger.sqlite") && has("outbox.sqlite"), "the search finds what is there");
});

test("a LikesServer with another secret is refused by name, until it has the secret of the ledger", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const dataDir = join(counter.folder, "other");
  giveSecret(dataDir, randomBytes(32));
  const refused = await counter.startLikes("b", { dataDir });
  await refused.waitFor(
    /^waiting for the primary at .*: Cannot admit a LikesServer .* is [0-9a-f]{32}; copy/m,
  );
  for (const address of [refused.address, counter.primary]) {
    await becomes(`another secret named at ${address}`, async () => {
      return (await healthOf(address, "likes.v1.trouble.secret_differs")) === "NOT_SERVING";
    });
  }
  await becomes("the status names it", async () => {
    const { stdout } = await counter.likes(["status", "--once", "--primary", counter.primary]);
    return /; b at \S+ has another persons\.secret, since .*\(copy persons\.secret/.test(stdout);
  });
  await faultOf("not_accepting", () => counter.add(refused, 1));
  await refused.end("SIGTERM");
  assert.is(readOutbox(join(dataDir, "b")).events, 0);
  copyFileSync(join(counter.dataDir, SECRET_FILE), join(dataDir, SECRET_FILE));
  const b = await counter.startAccepting("b", { dataDir });
  using clients = new ClientsOf([a, b]);
  await Promise.all(clients.all.map((client) => client.setLike(setOf(ITEM, ONE, 1), CALL_WAIT_MS)));
  await expectLikes(counter, clients, ITEM, 1);
});

test("likes set and likes count tell what a person gives, also while the primary is away", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  const person = ["--person", "ada"];
  const at = ["--server", role.address];
  const found = ["--primary", counter.primary];
  const set = await counter.likes(["set", "video", "3", ...person, ...found]);
  assert.is(set.stdout, "a #1 stored: ada gives 3 likes to video (revision 1)\n");
  await converged(counter);
  const counted = await counter.likes(["count", "video", ...person, ...found]);
  assert.match(counted.stdout, /^item +own +seen +likes .*\nvideo +3 likes +3 +3 +0 /);
  const all = await counter.likes(["count", ...person, ...at]);
  assert.is(all.code, 2);
  assert.match(all.stderr, "Cannot show what a person gives to all items: name the items");

  await primary.end("SIGKILL");
  const back = await counter.likes(["set", "video", "0", ...person, ...at]);
  assert.is(back.code, 3);
  assert.match(back.stderr, "give the revision, or try again later");
  const given = await counter.likes(["set", "video", "0", ...person, "--revision", "2", ...at]);
  assert.is(given.stdout, "a #2 stored: ada gives 0 likes to video (revision 2)\n");
  await becomes("the own state alone", async () => {
    const { stdout } = await counter.likes(["count", "video", ...person, ...at]);
    return /\nvideo +0 likes +\? +3 +0 and 1 set /.test(stdout);
  });
});

test.run();

/** A client of each LikesServer. */
class ClientsOf implements Disposable {
  readonly all: readonly LikesClient[];

  constructor(roles: readonly Role[]) {
    this.all = roles.map(({ address }) => new LikesClient(address));
  }

  /** Sends a set to each LikesServer at once. None of them may refuse it. */
  async set(
    itemId: string,
    subject: string,
    wanted: Omit<RegisterState, "revision">,
    revision: number | undefined,
  ): Promise<void> {
    const set = { itemId, subject, wanted, revision };
    await Promise.all(this.all.map((client) => client.setLike(set, CALL_WAIT_MS)));
  }

  [Symbol.dispose](): void {
    for (const client of this.all) client.close();
  }
}

function setOf(
  itemId: string,
  wanted: Omit<RegisterState, "revision">,
  revision: number | undefined,
) {
  return { itemId, subject: SUBJECT, wanted, revision };
}

function converged(counter: Counter) {
  return waitForConvergence(counter.primary, CONVERGE_WAIT_MS, () => {});
}

/** Waits until all is counted. Then the primary and every LikesServer have `likes`. */
async function expectLikes(
  counter: Counter,
  { all }: ClientsOf,
  itemId: string,
  likes: number,
): Promise<void> {
  await converged(counter);
  const primary = new PrimaryClient(counter.primary);
  const { counts } = await primary.counts({ itemIds: [itemId] }, CALL_WAIT_MS);
  primary.close();
  assert.is(counts[0]?.likes, BigInt(likes), "at the primary");
  for (const client of all) {
    await becomes(`${likes} likes at ${client.address}`, async () => {
      const cached = await client.counts({ itemIds: [itemId], limit: 0 }, CALL_WAIT_MS);
      const { fetched } = cached.counts[0] ?? {};
      const isAll = fetched?.pending?.likes === 0n && fetched.pending.sets === 0;
      return isAll && fetched.likes === BigInt(likes);
    });
  }
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
