/** The core of a primary on a ledger in memory. Its commits run when a test says so. */
import { PrimaryCore } from "../../../src/core/primary/primary.ts";
import type {
  PrimaryAction,
  PrimaryEvent,
  PrimaryNotice,
} from "../../../src/core/primary/primary.ts";
import type {
  Ack,
  FromLikesServer,
  FromPrimary,
  Hello,
  Pulse,
  Report,
  Welcome,
} from "../../../src/core/protocol/messages.ts";
import type { WriteFailure } from "../../../src/core/protocol/write_failure.ts";
import type { Status } from "../../../src/core/primary/status.ts";
import { hello, report } from "../core_fixture.ts";
import { LedgerHarness } from "../ledger/ledger_harness.ts";

const WALL_MS = 1_700_000_000_000;

export class PrimaryHarness {
  readonly ledger: LedgerHarness;
  readonly core: PrimaryCore;
  readonly actions: PrimaryAction[] = [];
  nowMs = 0;
  #commit: Extract<PrimaryAction, { type: "commit" }> | undefined;

  constructor(ledger: LedgerHarness, core: PrimaryCore) {
    this.ledger = ledger;
    this.core = core;
  }

  static async start(ledger = new LedgerHarness()): Promise<PrimaryHarness> {
    const snapshot = await ledger.store.load();
    const core = new PrimaryCore(snapshot, { monotonicMs: 0, wallMs: WALL_MS });
    return new PrimaryHarness(ledger, core);
  }

  drive(event: PrimaryEvent): void {
    for (const action of this.core.handle(event, this.nowMs)) {
      this.actions.push(action);
      if (action.type === "commit") this.#commit = action;
    }
  }

  receive(streamId: number, message: FromLikesServer): void {
    this.drive({ type: "received", streamId, message });
  }

  get isCommitting(): boolean {
    return this.#commit !== undefined;
  }

  /** Runs the requested commit and those that follow. */
  async commit(): Promise<void> {
    while (this.#commit !== undefined) await this.commitOne();
  }

  async commitOne(): Promise<void> {
    const { commands } = this.#commit ?? { commands: [] };
    this.#commit = undefined;
    const value = await this.ledger.run(...commands);
    this.drive({ type: "committed", outcome: { type: "done", value }, tookMs: 0 });
  }

  refuseCommit(why: WriteFailure): void {
    this.#commit = undefined;
    this.drive({ type: "committed", outcome: { type: why }, tookMs: 0 });
  }

  /** Opens a stream and sends Hello. Returns the Welcome. */
  async handshake(streamId: number, changes: Partial<Hello> = {}): Promise<Welcome> {
    this.drive({ type: "opened", streamId });
    this.receive(streamId, hello(changes));
    await this.commit();
    const message = this.sent(streamId).findLast(({ type }) => type === "welcome");
    if (message?.type !== "welcome") throw new Error("no Welcome was sent");
    return message;
  }

  /** Completes the handshake and answers the Welcome's pulse with a report. */
  async join(
    streamId: number,
    changes: Partial<Report> = {},
    of: Partial<Hello> = {},
  ): Promise<void> {
    const { pulse } = await this.handshake(streamId, of);
    const { incarnation } = hello(of);
    this.receive(streamId, report({ incarnation, pulseMs: pulse.pulseMs, ...changes }));
    await this.commit();
  }

  /** Advances time in ticks and runs the requested commits. */
  async pass(durationMs: number): Promise<void> {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs;) {
      this.nowMs += 25;
      this.drive({ type: "tick" });
      await this.commit();
    }
  }

  sent(streamId: number): FromPrimary[] {
    return this.actions.flatMap((action) => {
      return action.type === "send" && action.streamId === streamId ? [action.message] : [];
    });
  }

  acks(streamId: number): Ack[] {
    return this.sent(streamId).filter((message) => message.type === "ack");
  }

  pulses(streamId: number): Pulse[] {
    return this.sent(streamId).filter((message) => message.type === "pulse");
  }

  /** Returns the code with which the stream was ended, or undefined. */
  endOf(streamId: number): string | undefined {
    const end = this.actions.findLast((action) => {
      return action.type === "end" && action.streamId === streamId;
    });
    return end?.type === "end" ? end.refusal.code : undefined;
  }

  notices(type: PrimaryNotice["type"]): PrimaryNotice[] {
    return this.actions.flatMap((action) => {
      return action.type === "notice" && action.notice.type === type ? [action.notice] : [];
    });
  }

  /** The types of all actions in order; for a sent message, its type and stream. */
  get kinds(): string[] {
    return this.actions.map((action) => {
      return action.type === "send" ? `${action.message.type} ${action.streamId}` : action.type;
    });
  }

  status(): Status {
    return this.core.status(this.nowMs);
  }
}
