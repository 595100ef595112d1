import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OpenLedger } from "../../src/core/ledger/ledger.ts";
import type { GenerationId } from "../../src/core/protocol/ids.ts";
import { LikesError, messageOf } from "../../src/errors.ts";
import { REOPENINGS_MAX } from "../../src/limits.ts";
import { startPrimary } from "../../src/roles/primary.ts";
import { LedgerDisk, MemoryLedger } from "../../src/store/ledger/memory_ledger.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { DeliveryPeer, batchAfter, newId, newIdentity } from "../fixtures/delivery_peer.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { healthOf } from "../fixtures/health.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const LIMIT_MS = 60_000;

test("a commit in doubt ends the opening, not the primary, and counts likes once", async () => {
  for (const fault of ["in_doubt_kept", "in_doubt_lost"] as const) {
    await using primary = await RunningPrimary.start();
    const identity = newIdentity("a");
    const { batch } = batchAfter(identity.incarnation, undefined, [3, 4]);
    await using peer = await DeliveryPeer.admitted(primary.address, identity);
    primary.disk.failNext(fault);
    peer.say(batch);
    assert.is((await peer.ended()).fault, "reopening");
    await using again = await primary.welcomed(identity);
    const { appliedSequence } = await again.next("welcome");
    assert.is(appliedSequence, fault === "in_doubt_kept" ? 2 : 0);
    if (appliedSequence === 0) again.say(batch);
    await becomes("the likes counted once", () => primary.disk.meta.totalLikes === 7n);
    assert.is(primary.disk.generations.length, 2);
    assert.match(primary.lines.join("\n"), "opens the ledger again: Cannot keep using the");
  }
});

test("a superseded primary shows nothing of the newer one, and takes the ledger back", async () => {
  await using primary = await RunningPrimary.start();
  const newer = new MemoryLedger(primary.disk, newId());
  using client = new ClosingClient(primary.address);
  await assertFault("reopening", () => client.counts({}, LIMIT_MS));
  await becomes("the ledger taken over", () => primary.disk.generations.length === 3);
  const outcome = await newer.transact([], (ledger) => ledger.addLikes("video", 1n));
  assert.is(outcome.type, "superseded");
});

test("a failed reopening is retried, but a damaged ledger ends the primary", async () => {
  await using primary = await RunningPrimary.start();
  primary.refuseOpenings = ["store_busy", "disk_full"];
  primary.endOpening();
  await becomes("the ledger open again", () => primary.disk.generations.length === 2);
  assert.is(primary.fatal, undefined);
  primary.refuseOpenings = ["store_unusable"];
  primary.endOpening();
  await eventually("the end of the primary", () => primary.fatal);
  assert.is(primary.fatal instanceof LikesError && primary.fatal.code, "store_unusable");
});

test("a primary whose openings all end soon ends itself", async () => {
  await using primary = await RunningPrimary.start();
  primary.isDamaged = true;
  primary.endOpening();
  await eventually("the end of the primary", () => {
    // Only a call shows a damaged ledger.
    if (primary.fatal === undefined) primary.endOpening();
    return primary.fatal;
  });
  assert.is(primary.fatal instanceof LikesError && primary.fatal.code, "store_failed");
  assert.match(messageOf(primary.fatal), "openings in a row ended soon: check the disk");
  assert.is(primary.disk.generations.length, REOPENINGS_MAX + 1);
  assert.is(primary.openStores, 0);
});

test("a primary that cannot open its ledger says why, once, and does not serve", async () => {
  await using primary = await RunningPrimary.start();
  assert.is(await healthOf(primary.address), "SERVING");
  primary.refuseOpenings = Array.from({ length: 6 }, () => "disk_full" as const);
  primary.pauseOpenings();
  primary.endOpening();
  using client = new ClosingClient(primary.address);
  await assertFault("reopening", () => client.counts({}, LIMIT_MS));
  for (const service of ["", "likes.v1.PrimaryService", "likes.v1.store"]) {
    assert.is(await healthOf(primary.address, service), "NOT_SERVING");
  }
  primary.resumeOpenings();
  await becomes("a refusal with its cause", async () => {
    const error = await client.counts({}, LIMIT_MS).catch((cause: unknown) => cause);
    return messageOf(error).endsWith("the last attempt failed with disk_full; connect again");
  });
  await becomes("the ledger open again", () => primary.disk.generations.length === 2);
  await becomes("the primary serving again", async () => {
    return (await healthOf(primary.address)) === "SERVING";
  });
  assert.is(primary.lines.filter((line) => line.startsWith("tries again")).length, 1);
});

test("a stop during an opening closes what was opened", async () => {
  const primary = await RunningPrimary.start();
  primary.pauseOpenings();
  primary.endOpening();
  await becomes("an opening under way", () => primary.openingsBegun === 2);
  const stopped = primary[Symbol.asyncDispose]();
  primary.resumeOpenings();
  await stopped;
  assert.is(primary.openStores, 0);
  assert.is(primary.lines.at(-1), "stopped");
  assert.is(primary.fatal, undefined);
});

test("a store whose load fails is closed before the next attempt", async () => {
  await using primary = await RunningPrimary.start();
  primary.failLoads = 3;
  primary.endOpening();
  await becomes("the ledger open again", () => primary.openStores === 1 && primary.failLoads === 0);
  assert.is(primary.fatal, undefined);
});

test("calls are refused with an explanation while the ledger is reopened", async () => {
  await using primary = await RunningPrimary.start();
  primary.pauseOpenings();
  primary.endOpening();
  using client = new ClosingClient(primary.address);
  await assertFault("reopening", () => client.counts({}, LIMIT_MS));
  await using peer = new DeliveryPeer(primary.address);
  assert.is((await peer.ended()).fault, "reopening");
  primary.resumeOpenings();
  await becomes("an answer", () =>
    client.counts({}, LIMIT_MS).then(
      () => true,
      () => false,
    ),
  );
});

test.run();

class ClosingClient extends PrimaryClient {
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Calls until the fault comes: the primary may still answer before it notices. */
async function assertFault(code: string, call: () => Promise<unknown>): Promise<void> {
  await becomes(`the fault ${code}`, async () => {
    const error = await call().then(
      () => undefined,
      (cause: unknown) => cause,
    );
    return error instanceof LikesError && error.code === code;
  });
}

/** A primary on a ledger in memory that tests can make fail. */
class RunningPrimary implements AsyncDisposable {
  readonly disk = new LedgerDisk(newId());
  readonly lines: string[] = [];
  readonly #folder = temporaryFolder();
  refuseOpenings: ("store_busy" | "disk_full" | "store_unusable")[] = [];
  /** How many of the next loads fail. */
  failLoads = 0;
  /** Whether every read ends its opening. */
  isDamaged = false;
  openingsBegun = 0;
  openStores = 0;
  address = "";
  fatal: unknown;
  isEnding = false;
  #opened: Promise<void> = Promise.resolve();
  #stop = async (): Promise<void> => {};
  resumeOpenings = (): void => {};

  static async start(): Promise<RunningPrimary> {
    const running = new RunningPrimary();
    const primary = await startPrimary({
      host: "127.0.0.1",
      port: 0,
      openLedger: running.#open,
      dataDir: running.#folder.path,
      log: { line: (text: string) => running.lines.push(text) },
      reflect: false,
      onFatal: (error) => (running.fatal = error),
    });
    running.address = `127.0.0.1:${primary.port}`;
    running.#stop = () => primary.stop();
    return running;
  }

  /** Ends its opening by a read of counts. */
  endOpening(): void {
    this.isEnding = true;
    const client = new ClosingClient(this.address);
    client
      .counts({}, LIMIT_MS)
      .catch(() => {})
      .finally(() => client.close());
  }

  /** Blocks openings until `resumeOpenings()`. */
  pauseOpenings(): void {
    this.#opened = new Promise((resolve) => (this.resumeOpenings = resolve));
  }

  /** A stream with a Welcome of the next opening. */
  async welcomed(identity: ReturnType<typeof newIdentity>): Promise<DeliveryPeer> {
    await becomes("an opening", () => this.disk.generations.length > 1);
    return DeliveryPeer.welcomed(this.address, identity);
  }

  readonly #open: OpenLedger = async (generation) => {
    this.openingsBegun++;
    await this.#opened;
    const code = this.refuseOpenings.shift();
    if (code !== undefined) throw new LikesError(code, `Cannot open the ledger: ${code}`);
    this.isEnding = this.isDamaged;
    this.openStores++;
    return new FailingLedger(this, generation);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A ledger in memory that fails as its primary's fields say. */
class FailingLedger extends MemoryLedger {
  readonly #running: RunningPrimary;

  constructor(running: RunningPrimary, generation: GenerationId) {
    super(running.disk, generation);
    this.#running = running;
  }

  override async load(): ReturnType<MemoryLedger["load"]> {
    if (this.#running.failLoads === 0) return super.load();
    this.#running.failLoads--;
    throw new LikesError("store_busy", "Cannot load the ledger: another program writes to it");
  }

  override async counts(...request: Parameters<MemoryLedger["counts"]>) {
    if (!this.#running.isEnding) return super.counts(...request);
    return { type: "in_doubt", reason: "ended by a test" } as const;
  }

  override async close(): Promise<void> {
    this.#running.openStores--;
    await super.close();
  }
}
