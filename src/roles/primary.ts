/**
 * The shell of a primary: it serves an opening of the ledger over gRPC, and opens the ledger again
 * when that opening ends.
 *
 * The shell decides nothing. It hands events to the core, and performs the actions in order
 * (primary_opening.ts).
 */
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { LikesError, messageOf, refused } from "../errors.ts";
import type { Refusal } from "../errors.ts";
import type { LedgerSnapshot, LedgerStore, OpenLedger, OpeningEnd } from "../core/ledger/ledger.ts";
import type { PrimaryNotice } from "../core/primary/primary.ts";
import { foreignFault } from "../core/primary/refused_servers.ts";
import { Reopenings } from "../core/primary/reopenings.ts";
import { REOPENINGS_MAX, TICK_MS } from "../limits.ts";
import type { Log } from "../log/log_file.ts";
import { Outage } from "../log/outage.ts";
import { operatorSocketPath, serveOperator } from "../rpc/server/operator_socket.ts";
import { primaryService } from "../rpc/server/primary_service.ts";
import type { DeliveryEvents, DeliveryPeer } from "../rpc/server/primary_service.ts";
import { RpcServer } from "../rpc/server/server.ts";
import type { ListenAddress } from "../rpc/server/server.ts";
import { mintId } from "../store/mint_id.ts";
import { PrimaryLog } from "./primary_log.ts";
import { PrimaryOpening } from "./primary_opening.ts";

/** The options of a primary. */
export interface PrimaryOptions extends ListenAddress {
  /** Opens the ledger for this process alone: at the start, and again when an opening has ended. */
  readonly openLedger: OpenLedger;
  /** The folder of the operator's socket. */
  readonly dataDir: string;
  readonly log: Log;
  /** Whether to serve reflection. */
  readonly reflect: boolean;
  /** Called with the error when the role cannot continue. */
  readonly onFatal: (error: unknown) => void;
}

/** A primary that listens. */
export interface Primary {
  readonly port: number;
  /** Ends all streams and calls, stops listening, and closes the ledger. */
  stop(): Promise<void>;
}

const STOPPING: Refusal = {
  code: "stopping",
  message: "Cannot continue: the primary is stopping; connect again",
};

/** Why an opening ended, for peers, which see no path of this machine. */
const END_TEXTS = {
  in_doubt: "it is unknown whether the last commit is on its disk",
  superseded: "another primary has opened the same ledger",
} as const;

/** Notices that may change the health. */
const HEALTH_NOTICES: ReadonlySet<PrimaryNotice["type"]> = new Set([
  "trouble",
  "decision",
  "foreign_server",
  "foreign_server_gone",
  "unrecorded",
  "unrecorded_gone",
  "store_failing",
  "store_recovered",
]);

/** Opens the ledger and serves it. Throws LikesError when it cannot open or listen. */
export async function startPrimary(options: PrimaryOptions): Promise<Primary> {
  const role = new PrimaryRole(options);
  return role.start();
}

class PrimaryRole {
  readonly #options: PrimaryOptions;
  readonly #log: PrimaryLog;
  /** Undefined while the ledger is being opened. */
  #opening: PrimaryOpening | undefined;
  readonly #reopenings = new Reopenings();
  /** Why the ledger is being opened again. */
  #cause = "";
  /** The reopening under way, or the last one. */
  #reopened: Promise<void> = Promise.resolve();
  /** Aborts once the role stops or fails. */
  readonly #stopping = new AbortController();
  #server: RpcServer | undefined;

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#log = new PrimaryLog(options.log);
  }

  async start(): Promise<Primary> {
    await this.#open();
    try {
      return await this.#serve();
    } catch (error) {
      await this.#opening?.end(STOPPING);
      throw error;
    }
  }

  async #open(): Promise<void> {
    const store = await this.#options.openLedger(mintId(), Date.now());
    try {
      const snapshot = await store.load();
      this.#stopping.signal.throwIfAborted();
      this.#begin(store, snapshot);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  #begin(store: LedgerStore, snapshot: LedgerSnapshot): void {
    const { ledgerId, meta, members } = snapshot;
    const { log } = this.#options;
    log.line(`ledger ${ledgerId}: total ${meta.totalLikes}, ${members.length} members known`);
    const opening: PrimaryOpening = new PrimaryOpening(store, snapshot, {
      notice: (notice) => this.#notice(notice),
      ended: (end) => this.#ended(opening, end),
      failed: (error) => this.#fail(error),
    });
    this.#opening = opening;
    // Recorded troubles still have to be decided, so each opening logs them.
    for (const trouble of opening.core.troubles) this.#notice({ type: "trouble", trouble });
    this.#updateHealth();
  }

  /** An opening ended. */
  #ended(opening: PrimaryOpening, end: OpeningEnd): void {
    if (this.#opening !== opening || this.#isStopped) return;
    this.#opening = undefined;
    this.#reopened = this.#reopen(opening, end).catch((error: unknown) => {
      if (!this.#isStopped) this.#fail(error);
    });
  }

  /**
   * Opens the ledger again after an opening has ended. The LikesServers say Hello to the new
   * opening, which knows what is committed.
   */
  async #reopen(opening: PrimaryOpening, { type, reason }: OpeningEnd): Promise<void> {
    this.#cause = END_TEXTS[type];
    this.#options.log.line(`opens the ledger again: ${reason}`);
    this.#updateHealth();
    await opening.end(this.#refusal);
    const pauseMs = this.#reopenings.afterEnd(opening.servedMs, Math.random());
    if (pauseMs === undefined) {
      const found = `${reason}; ${REOPENINGS_MAX} openings in a row ended soon`;
      const wayOut = "check the disk, and that no other primary uses this ledger";
      throw new LikesError("store_failed", `${found}: ${wayOut}`);
    }
    await this.#openAfter(pauseMs);
    if (!opening.core.isWriting) this.#notice({ type: "store_recovered" });
  }

  /** Opens the ledger after a pause, and tries again while the fault may pass. */
  async #openAfter(firstPauseMs: number): Promise<void> {
    const outage = new Outage();
    for (let pauseMs = firstPauseMs; ;) {
      await setTimeout(pauseMs, undefined, { signal: this.#stopping.signal });
      try {
        return await this.#open();
      } catch (error) {
        if (!(error instanceof LikesError)) throw error;
        const nextMs = this.#reopenings.afterFailure(error.code, Math.random());
        if (nextMs === undefined) throw error;
        pauseMs = nextMs;
        this.#cause = `the last attempt failed with ${error.code}`;
        if (outage.isNews(error.message)) this.#options.log.line(`tries again: ${error.message}`);
      }
    }
  }

  async #serve(): Promise<Primary> {
    const { reflect, log, host } = this.#options;
    const service = primaryService({
      open: (peer) => this.#take(peer),
      status: () => this.#current.read((core) => core.status(performance.now())),
      count: (request, done) => this.#current.count(request, done),
    });
    const server = new RpcServer({ service: "likes.v1.PrimaryService", reflect }, service.add);
    const port = await server.listen(this.#options);
    this.#server = server;
    this.#updateHealth();
    const operator = await this.#serveOperator();
    const ticker = setInterval(() => this.#opening?.tick(), TICK_MS);
    log.line(`listening on ${host}:${port}`);
    const stop = async (): Promise<void> => {
      clearInterval(ticker);
      this.#stopping.abort();
      service.close();
      await this.#reopened;
      await this.#opening?.end(STOPPING);
      await Promise.all([server.close(), operator?.close()]);
      log.line("stopped");
    };
    return { port, stop };
  }

  /**
   * Serves operators. A failure is logged only, because the primary counts without its socket, and
   * the commands explain a missing one.
   */
  async #serveOperator(): Promise<RpcServer | undefined> {
    const { dataDir, log } = this.#options;
    try {
      return await serveOperator(operatorSocketPath(dataDir), {
        decide: (request, done) => this.#current.decide(request, done),
        troublesOf: (server) => this.#current.read((core) => core.troublesOf(server)),
      });
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      log.line(`likes retire and likes resolve are off: ${error.message}`);
      return undefined;
    }
  }

  /** The current opening. Throws LikesError `stopping` or `reopening` while there is none. */
  get #current(): PrimaryOpening {
    if (this.#opening === undefined || this.#isStopped) throw refused(this.#refusal);
    return this.#opening;
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  get #refusal(): Refusal {
    if (this.#isStopped) return STOPPING;
    const message = `Cannot continue: the primary opens its ledger again, because ${this.#cause}`;
    return { code: "reopening", message: `${message}; connect again` };
  }

  #take(peer: DeliveryPeer): DeliveryEvents {
    const opening = this.#opening;
    if (opening !== undefined && !this.#isStopped) return opening.take(peer);
    peer.end(this.#refusal);
    return { received: () => {}, writable: () => {}, closed: () => {} };
  }

  #notice(notice: PrimaryNotice): void {
    this.#log.notice(notice, performance.now());
    if (HEALTH_NOTICES.has(notice.type)) this.#updateHealth();
  }

  #updateHealth(): void {
    const core = this.#opening?.core;
    this.#server?.setHealth(core !== undefined);
    this.#server?.setStore(core?.isWriting === true);
    if (core === undefined) return;
    this.#server?.setTroubles([...core.troubles, ...core.unrecorded]);
    this.#server?.setForeign(...core.foreignServers.map(foreignFault));
  }

  #fail(error: unknown): void {
    this.#stopping.abort();
    this.#options.log.line(`ended: ${messageOf(error)}`);
    this.#options.onFatal(error);
  }
}
