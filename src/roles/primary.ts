/**
 * The primary as it runs: the pure core joined to a ledger on disk, gRPC and the clock.
 *
 * The shell decides nothing. It gives the core events, and performs its actions in their order. After
 * a store in doubt it stops at once, without another word to anybody: the next start reads the disk.
 */
import { performance } from "node:perf_hooks";
import { unreachable } from "../assert.ts";
import { inTurn } from "./in_turn.ts";
import { LikesError, messageOf, refused } from "../errors.ts";
import type { Refusal } from "../errors.ts";
import { TICK_MS } from "../limits.ts";
import type { LedgerStore } from "../core/ledger/ledger.ts";
import { applyCommands } from "../core/ledger/apply_commands.ts";
import type { LedgerCommand } from "../core/ledger/apply_commands.ts";
import { buildPage, parseSelection } from "../core/primary/counts_page.ts";
import type { CountsRequest } from "../core/primary/counts_page.ts";
import { PrimaryCore } from "../core/primary/primary.ts";
import type { PrimaryAction, PrimaryEvent, PrimaryNotice } from "../core/primary/primary.ts";
import type { OperatorRequest, OperatorResult } from "../core/primary/primary.ts";
import type { FromLikesServer } from "../core/protocol/messages.ts";
import { addressBetween } from "../cli/reach.ts";
import type { Log } from "../log/log_file.ts";
import { operatorSocketPath, serveOperator } from "../rpc/server/operator_socket.ts";
import { primaryService } from "../rpc/server/primary_service.ts";
import type { DeliveryEvents, DeliveryPeer } from "../rpc/server/primary_service.ts";
import { recordCodec } from "../format/record_codec.ts";
import { RpcServer } from "../rpc/server/server.ts";
import type { ListenAddress } from "../rpc/server/server.ts";
import type { Counts } from "../rpc/wire/counts_wire.ts";
import { PrimaryLog } from "./primary_log.ts";

/** How a primary is started. */
export interface PrimaryOptions extends ListenAddress {
  /** Held by this process, and closed by the primary. */
  readonly ledger: LedgerStore;
  /** Where the operator's socket is served. */
  readonly dataDir: string;
  readonly log: Log;
  /** Whether to serve reflection. */
  readonly reflect: boolean;
  /** Called once, with the reason, when it cannot go on. */
  readonly onFatal: (error: unknown) => void;
}

/** A primary that listens. */
export interface Primary {
  readonly port: number;
  /** Stops listening and closes the ledger. */
  stop(): Promise<void>;
}

/** Serves the ledger. Throws LikesError when it cannot. */
export async function startPrimary(options: PrimaryOptions): Promise<Primary> {
  const { ledger: store } = options;
  try {
    await noteOpening(store);
    const snapshot = await store.load();
    const started = { monotonicMs: performance.now(), wallMs: Date.now() };
    const role = new PrimaryRole(new PrimaryCore(snapshot, started), store, options);
    options.log.line(
      `ledger ${snapshot.ledgerId}: total ${snapshot.meta.totalLikes}, ` +
        `${snapshot.members.length} members known`,
    );
    return await role.start();
  } catch (error) {
    store.close();
    throw error;
  }
}

/** A ledger that is opened from a copy has that in it before anything of it is shown. */
async function noteOpening(store: LedgerStore): Promise<void> {
  const outcome = await store.transact((ledger) => {
    return applyCommands(ledger, [{ type: "opened" }], recordCodec, Date.now());
  });
  if (outcome.type === "done") return;
  if (outcome.type === "disk_full") {
    const message = "Cannot open the ledger: its disk is full; free some space, or raise a quota";
    throw new LikesError("disk_full", message);
  }
  const message = "Cannot open the ledger: another program is writing to it; end that program";
  throw new LikesError("store_busy", message);
}

/** `message` of a peer on `host`, with no other address than one that reaches somebody from here. */
function passedOn(message: FromLikesServer, host: string): FromLikesServer {
  if (message.type !== "hello") return message;
  return { ...message, address: addressBetween(message.address, host) };
}

/** Notices after which health may say something else. */
const OF_HEALTH: ReadonlySet<PrimaryNotice["type"]> = new Set([
  "trouble",
  "decision",
  "foreign_server",
  "foreign_server_gone",
  "unrecorded",
  "unrecorded_gone",
  "store_failing",
  "store_recovered",
]);

class PrimaryRole {
  readonly #core: PrimaryCore;
  readonly #store: LedgerStore;
  readonly #options: PrimaryOptions;
  readonly #log: PrimaryLog;
  readonly #peers = new Map<number, DeliveryPeer>();
  readonly #deciding = new Map<number, (outcome: OperatorResult) => void>();
  #streamId = 0;
  #requestId = 0;
  #stopped = false;
  #server: RpcServer | undefined;

  constructor(core: PrimaryCore, store: LedgerStore, options: PrimaryOptions) {
    this.#core = core;
    this.#store = store;
    this.#options = options;
    this.#log = new PrimaryLog(options.log);
  }

  async start(): Promise<Primary> {
    const service = primaryService({
      open: (peer) => this.#open(peer),
      status: () => this.#readOrFail(() => this.#core.status(performance.now())),
      counts: (request) => this.#counts(request),
    });
    const { reflect, log } = this.#options;
    // Also those that this opening recorded, or that were there before: they are still to be decided.
    for (const trouble of this.#core.troubles) {
      this.#log.notice({ type: "trouble", trouble }, performance.now());
    }
    const server = new RpcServer({ service: "likes.v1.PrimaryService", reflect }, service.add);
    const port = await server.listen(this.#options);
    this.#server = server;
    server.setHealth(true);
    this.#tellHealth();
    const operator = await this.#serveOperator();
    const ticker = setInterval(() => this.#drive({ type: "tick" }), TICK_MS);
    log.line(`listening on ${this.#options.host}:${port}`);
    const stop = async (): Promise<void> => {
      clearInterval(ticker);
      this.#stopped = true;
      service.close();
      this.#endAll();
      await Promise.all([server.close(), operator?.close()]);
      this.#store.close();
      log.line("stopped");
    };
    return { port, stop };
  }

  #tellHealth(): void {
    const { troubles, unrecorded } = this.#core;
    this.#server?.setTroubles([...troubles, ...unrecorded]);
    this.#server?.setLedgerOther(this.#core.foreignServers.length > 0);
    this.#server?.setStore(this.#core.isWriting);
  }

  /** Without its socket a primary counts all the same; the commands say why they find none. */
  async #serveOperator(): Promise<RpcServer | undefined> {
    const { dataDir, log } = this.#options;
    try {
      const decide = this.#decide.bind(this);
      const troublesOf = this.#core.troublesOf.bind(this.#core);
      return await serveOperator(operatorSocketPath(dataDir), { decide, troublesOf });
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      log.line(`likes retire and likes resolve are off: ${error.message}`);
      return undefined;
    }
  }

  #decide(decision: OperatorRequest, done: (outcome: OperatorResult) => void): void {
    if (this.#stopped) {
      const message = "Cannot decide that: the primary is stopping; ask again once it is back";
      return done({ type: "refused", refusal: { code: "stopping", message } });
    }
    const requestId = ++this.#requestId;
    this.#deciding.set(requestId, done);
    this.#drive({ type: "decide", requestId, decision });
  }

  /** Says to all that wait for something that it does not come any more. */
  #endAll(): void {
    const message = "Cannot go on with this stream: the primary is stopping; connect again";
    for (const peer of this.#peers.values()) peer.end({ code: "stopping", message });
    const unknown =
      "Cannot tell whether it was decided: the primary is stopping; ask again once it is back, " +
      "for nothing is decided twice";
    for (const done of this.#deciding.values()) {
      done({ type: "refused", refusal: { code: "outcome_unknown", message: unknown } });
    }
  }

  #open(peer: DeliveryPeer): DeliveryEvents {
    const streamId = ++this.#streamId;
    this.#peers.set(streamId, peer);
    this.#drive({ type: "opened", streamId });
    return {
      received: (message) => {
        this.#drive({ type: "received", streamId, message: passedOn(message, peer.host) });
      },
      writable: () => this.#drive({ type: "writable", streamId }),
      closed: () => {
        this.#peers.delete(streamId);
        this.#drive({ type: "closed", streamId });
      },
    };
  }

  /** All from one read: no commit can come between, because a commit is one synchronous call too. */
  #counts(request: CountsRequest): Counts {
    const shown = this.#core.shown(performance.now());
    const selected = parseSelection(request, shown.ledgerId);
    if (selected.type === "refused") throw refused(selected.refusal);
    const { selection } = selected;
    const read = this.#readOrFail(() => this.#store.counts(selection, request.incarnations));
    const { asOfMs, version } = read.meta;
    const page = buildPage(selection, read, shown.ledgerId);
    return { ...page, ...shown, applied: read.applied, asOfMs, version };
  }

  /** A bug ends the role, whoever called: gRPC would answer for it and let the role go on. */
  readonly #drive = inTurn((event: PrimaryEvent): void => {
    if (this.#stopped) return;
    try {
      for (const action of this.#core.handle(event, performance.now())) this.#perform(action);
    } catch (error) {
      this.#fail(error);
    }
  });

  #perform(action: PrimaryAction): void {
    switch (action.type) {
      case "commit":
        return this.#commit(action.commands);
      case "send": {
        const { streamId, message } = action;
        const taken = this.#peers.get(streamId)?.send(message) ?? true;
        if (!taken) this.#drive({ type: "blocked", streamId });
        return;
      }
      case "end":
        return this.#end(action.streamId, action.refusal);
      case "pause":
        return this.#peers.get(action.streamId)?.pause();
      case "resume":
        return this.#peers.get(action.streamId)?.resume();
      case "decided": {
        const done = this.#deciding.get(action.requestId);
        this.#deciding.delete(action.requestId);
        return done?.(action.outcome);
      }
      case "notice":
        this.#log.notice(action.notice, performance.now());
        if (OF_HEALTH.has(action.notice.type)) this.#tellHealth();
        return;
      default:
        return unreachable(action);
    }
  }

  #end(streamId: number, refusal: Refusal): void {
    this.#peers.get(streamId)?.end(refusal);
    this.#peers.delete(streamId);
  }

  /** After what is readable now was read, so that what arrived together is committed together. */
  #commit(commands: readonly LedgerCommand[]): void {
    setImmediate(() => {
      if (this.#stopped) return;
      this.#store
        .transact((ledger) => applyCommands(ledger, commands, recordCodec, Date.now()))
        .then((outcome) => this.#drive({ type: "committed", outcome }))
        .catch((error: unknown) => this.#fail(error));
    });
  }

  /** A read that fails, or a bug, ends the role as a failed write does; the caller hears of it too. */
  #readOrFail<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    this.#stopped = true;
    this.#options.log.line(`ended: ${messageOf(error)}`);
    this.#options.onFatal(error);
  }
}
