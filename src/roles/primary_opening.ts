/**
 * One opening of the ledger: its store, a core made from its snapshot, its streams, and the callers
 * that wait for an answer. It performs the core's actions in order, and decides nothing.
 *
 * When a commit is in doubt or superseded, the core's knowledge is no longer certain. The opening
 * then ends its streams, answers the waiting callers, and the role opens the ledger again.
 */
import { performance } from "node:perf_hooks";
import { unreachable } from "../assert.ts";
import { addressBetween } from "./reach.ts";
import { workOf } from "../core/ledger/apply_commands.ts";
import type {
  CountsSelection,
  LedgerSnapshot,
  LedgerStore,
  OpeningEnd,
  ReadBeside,
} from "../core/ledger/ledger.ts";
import type { LedgerCommand } from "../core/ledger/ledger_command.ts";
import type { CountsRequest } from "../core/primary/counts_page.ts";
import type { CountsOutcome } from "../core/primary/counts_reader.ts";
import { PrimaryCore } from "../core/primary/primary.ts";
import type {
  OperatorRequest,
  OperatorResult,
  PrimaryAction,
  PrimaryEvent,
  PrimaryNotice,
} from "../core/primary/primary.ts";
import type { FromLikesServer } from "../core/protocol/messages.ts";
import type { Refusal } from "../errors.ts";
import { recordCodec } from "../format/record_codec.ts";
import type { DeliveryEvents, DeliveryPeer } from "../rpc/server/primary_service.ts";
import { Callers, Driver } from "./role.ts";

/** What an opening reports to its role. */
export interface OpeningEvents {
  notice(notice: PrimaryNotice): void;
  /** The opening is over, and the ledger may be opened again. */
  ended(end: OpeningEnd): void;
  /** A bug: the role cannot continue. */
  failed(error: unknown): void;
}

/** An opening of the ledger, which serves until `end`. */
export class PrimaryOpening {
  readonly core: PrimaryCore;
  readonly #store: LedgerStore;
  readonly #events: OpeningEvents;
  readonly #driver: Driver<PrimaryEvent, PrimaryAction>;
  readonly #peers = new Map<number, DeliveryPeer>();
  readonly #operators = new Callers<OperatorResult>();
  readonly #readers = new Callers<CountsOutcome>();
  #streamId = 0;
  readonly #startedMs: number;
  #ended: Promise<void> | undefined;

  constructor(store: LedgerStore, snapshot: LedgerSnapshot, events: OpeningEvents) {
    const started = { monotonicMs: performance.now(), wallMs: Date.now() };
    this.#startedMs = started.monotonicMs;
    this.core = new PrimaryCore(snapshot, started);
    this.#store = store;
    this.#events = events;
    this.#driver = new Driver(
      this.core,
      (action) => this.#perform(action),
      (error) => events.failed(error),
    );
  }

  /** How long it has served. */
  get servedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Returns what `read` reads from the core. */
  read<T>(read: (core: PrimaryCore) => T): T {
    return this.#driver.read(() => read(this.core));
  }

  tick(): void {
    this.#driver.drive({ type: "tick" });
  }

  /** Serves a delivery stream. Returns the handlers of its events. */
  take(peer: DeliveryPeer): DeliveryEvents {
    const { drive } = this.#driver;
    const streamId = ++this.#streamId;
    this.#peers.set(streamId, peer);
    drive({ type: "opened", streamId });
    return {
      received: (message) => {
        drive({ type: "received", streamId, message: withReachableAddress(message, peer.host) });
      },
      writable: () => drive({ type: "writable", streamId }),
      closed: () => {
        this.#peers.delete(streamId);
        drive({ type: "closed", streamId });
      },
    };
  }

  decide(request: OperatorRequest, done: (result: OperatorResult) => void): void {
    const requestId = this.#operators.add(done);
    this.#driver.drive({ type: "decide", requestId, request });
  }

  count(request: CountsRequest, done: (outcome: CountsOutcome) => void): void {
    const requestId = this.#readers.add(done);
    this.#driver.drive({ type: "count", requestId, request });
  }

  /** Ends all streams with `refusal`, answers all waiting callers, and closes the store. */
  end(refusal: Refusal): Promise<void> {
    this.#ended ??= this.#end(refusal);
    return this.#ended;
  }

  async #end(refusal: Refusal): Promise<void> {
    this.#driver.stop();
    for (const peer of this.#peers.values()) peer.end(refusal);
    this.#readers.answerAll({ type: "refused", refusal });
    const message =
      "Cannot tell whether it was decided: the ledger was closed meanwhile; ask again, " +
      "because nothing is decided twice";
    this.#operators.answerAll({
      type: "refused",
      refusal: { code: "outcome_unknown", message },
    });
    await this.#store.close();
  }

  #perform(action: PrimaryAction): void {
    switch (action.type) {
      case "commit":
        return this.#commit(action.commands);
      case "send": {
        const { streamId, message } = action;
        const taken = this.#peers.get(streamId)?.send(message) ?? true;
        if (!taken) this.#driver.drive({ type: "blocked", streamId });
        return;
      }
      case "end":
        this.#peers.get(action.streamId)?.end(action.refusal);
        this.#peers.delete(action.streamId);
        return;
      case "pause":
        return this.#peers.get(action.streamId)?.pause();
      case "resume":
        return this.#peers.get(action.streamId)?.resume();
      case "decided":
        return this.#operators.answer(action.requestId, action.outcome);
      case "read_counts":
        return this.#readCounts(action.requestId, action.selection, action.beside);
      case "counted":
        return this.#readers.answer(action.requestId, action.outcome);
      case "notice":
        return this.#events.notice(action.notice);
      default:
        return unreachable(action);
    }
  }

  /**
   * Commits after the messages that are readable now, so that what arrived together is committed
   * together.
   */
  #commit(commands: readonly LedgerCommand[]): void {
    setImmediate(() => {
      if (this.#driver.isStopped) return;
      const beganMs = performance.now();
      const { needs, apply } = workOf(commands, recordCodec, Date.now());
      this.#whenDone(this.#store.transact(needs, apply), (outcome) => {
        if (outcome.type === "in_doubt" || outcome.type === "superseded") {
          return this.#events.ended(outcome);
        }
        this.#driver.drive({ type: "committed", outcome, tookMs: performance.now() - beganMs });
      });
    });
  }

  #readCounts(requestId: number, selection: CountsSelection, beside: ReadBeside): void {
    this.#whenDone(this.#store.counts(selection, beside), (outcome) => {
      switch (outcome.type) {
        case "done":
          return this.#driver.drive({ type: "counts_read", requestId, read: outcome.value });
        case "disk_full":
        case "store_busy":
          return this.#driver.drive({ type: "counts_failed", requestId, why: outcome.type });
        default:
          return this.#events.ended(outcome);
      }
    });
  }

  /** Handles how a call to the store has ended, unless the opening has ended before. */
  #whenDone<Outcome>(call: Promise<Outcome>, handle: (outcome: Outcome) => void): void {
    call
      .then((outcome) => {
        if (!this.#driver.isStopped) handle(outcome);
      })
      .catch((error: unknown) => this.#driver.fail(error));
  }
}

/**
 * Returns `message` of a peer on `host`. The address in a Hello becomes one that others can reach,
 * or empty.
 */
function withReachableAddress(message: FromLikesServer, host: string): FromLikesServer {
  if (message.type !== "hello") return message;
  return { ...message, address: addressBetween(message.address, host) };
}
