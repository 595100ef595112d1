/** The primary's shell in a simulated world, as src/primary is in the real one. */
import type { GroupResult, LedgerCommand } from "../../src/core/ledger_command.ts";
import { runGroup } from "../../src/core/ledger_rule.ts";
import type { CountsAnswer, CountsQuestion } from "../../src/core/learnt_counts.ts";
import { PrimaryCore } from "../../src/core/primary.ts";
import type { PrimaryAction, PrimaryEvent } from "../../src/core/primary.ts";
import { recordCodec } from "../../src/rpc/record_codec.ts";
import { MemoryLedger } from "../../src/store/memory_ledger.ts";
import type { LedgerDisk } from "../../src/store/memory_ledger.ts";
import type { SimulatedStream } from "./simulated_network.ts";
import { SimulatedProcess } from "./simulated_process.ts";
import type { Surroundings } from "./simulated_process.ts";

/** The world, as far as the primary has to do with it. */
export interface PrimarySurroundings extends Surroundings {
  readonly wallClock: { readonly nowMs: number };
}

/** One life of the primary. */
export class PrimaryProcess extends SimulatedProcess {
  override readonly world: PrimarySurroundings;
  readonly disk: LedgerDisk;
  readonly #generation: string;
  readonly #store: MemoryLedger;
  readonly #streams = new Map<number, SimulatedStream>();
  #core: PrimaryCore | undefined;
  #streamId = 0;

  readonly #onDeath: () => void;

  constructor(world: PrimarySurroundings, disk: LedgerDisk, onDeath: () => void) {
    super(world);
    this.world = world;
    this.disk = disk;
    this.#onDeath = onDeath;
    this.#generation = world.random.id();
    this.#store = new MemoryLedger(disk, this.#generation);
    this.onDisk(
      disk,
      () => this.#store.load(),
      (snapshot) => {
        const started = { monotonicMs: this.nowMs, wallMs: world.wallClock.nowMs };
        this.#core = new PrimaryCore(snapshot, started);
        world.checks.primaryStarted(snapshot, started.wallMs);
        this.tick(() => this.drive({ type: "tick" }));
      },
    );
  }

  get core(): PrimaryCore | undefined {
    return this.isAlive ? this.#core : undefined;
  }

  /** Takes a stream; gives the id by which it is driven. */
  open(stream: SimulatedStream): number {
    const streamId = ++this.#streamId;
    this.#streams.set(streamId, stream);
    this.drive({ type: "opened", streamId });
    return streamId;
  }

  /** The connection of a stream ended. */
  closed(streamId: number): void {
    this.drive({ type: "closed", streamId });
    this.#streams.delete(streamId);
  }

  drive(event: PrimaryEvent): void {
    if (!this.isAlive || this.#core === undefined) return;
    if (event.type === "received" && this.#streams.has(event.streamId)) {
      this.world.checks.received(event.streamId, event.message);
    }
    for (const action of this.#core.handle(event, this.nowMs)) {
      if (this.isAlive) this.#perform(action);
    }
    if (event.type !== "tick" || this.world.random.chance(0.2)) {
      this.world.checks.shown(this.#core.status(this.nowMs));
    }
  }

  /** The counts as the ledger has them now. */
  counts({ itemIds, incarnations }: CountsQuestion): CountsAnswer {
    const { meta, ...read } = this.#store.counts({ type: "named", itemIds }, incarnations);
    const { asOfMs, version } = meta;
    return { ...read, asOfMs, version, ledgerId: this.disk.ledgerId, generation: this.#generation };
  }

  die(): void {
    this.isAlive = false;
    for (const stream of this.#streams.values()) stream.endByPrimary("the primary died");
    this.#onDeath();
  }

  #perform(action: PrimaryAction): void {
    const { random, checks } = this.world;
    switch (action.type) {
      case "commit":
        checks.asked(action.commands);
        return this.#commit(action.commands);
      case "send": {
        const { streamId, message } = action;
        checks.sent(streamId, message);
        this.#streams.get(streamId)?.down.send(message);
        if (!random.chance(0.02)) return;
        this.drive({ type: "blocked", streamId });
        return this.later(random.next() * 300, () => this.drive({ type: "writable", streamId }));
      }
      case "end":
        this.#streams.get(action.streamId)?.endByPrimary(action.refusal.message);
        this.#streams.delete(action.streamId);
        return;
      case "notice":
        return checks.primaryNotice(action.notice);
      default:
    }
  }

  #commit(commands: readonly LedgerCommand[]): void {
    const { world, disk } = this;
    const call = async () => {
      let group: GroupResult | undefined;
      try {
        return await this.#store.transact((ledger) => {
          return (group = runGroup(ledger, commands, recordCodec, world.wallClock.nowMs));
        });
      } finally {
        // In doubt, it may be on the disk although nobody is told.
        if (group?.meta === disk.meta) world.checks.committed(group);
      }
    };
    this.onDisk(disk, call, (outcome) => {
      if (outcome.type === "done") world.checks.commitSeen(outcome.value);
      this.drive({ type: "committed", outcome });
    });
  }
}
