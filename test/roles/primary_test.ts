import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OpenLedger } from "../../src/core/ledger/ledger.ts";
import { LikesError } from "../../src/errors.ts";
import { startPrimary } from "../../src/roles/primary.ts";
import { LedgerDisk, MemoryLedger } from "../../src/store/ledger/memory_ledger.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { DeliveryPeer, batchAfter, newId, newIdentity } from "../fixtures/delivery_peer.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
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
  address = "";
  fatal: unknown;
  #isEnding = false;
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
    this.#isEnding = true;
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
    await this.#opened;
    const code = this.refuseOpenings.shift();
    if (code !== undefined) throw new LikesError(code, `Cannot open the ledger: ${code}`);
    this.#isEnding = false;
    return new EndableLedger(this.disk, generation, () => this.#isEnding);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A ledger in memory whose next read of counts is in doubt when a test says so. */
class EndableLedger extends MemoryLedger {
  readonly #isEnding: () => boolean;

  constructor(disk: LedgerDisk, generation: string, isEnding: () => boolean) {
    super(disk, generation);
    this.#isEnding = isEnding;
  }

  override async counts(...request: Parameters<MemoryLedger["counts"]>) {
    if (!this.#isEnding()) return super.counts(...request);
    return { type: "in_doubt", reason: "ended by a test" } as const;
  }
}
