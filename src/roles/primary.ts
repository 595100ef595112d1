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
import type { FaultCode, Refusal } from "../errors.ts";
import type { OpenLedger } from "../core/ledger/ledger.ts";
import type { PrimaryNotice } from "../core/primary/primary.ts";
import { backoffMs } from "../core/protocol/backoff.ts";
import { TICK_MS } from "../limits.ts";
import type { Log } from "../log/log_file.ts";
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
const REOPENING: Refusal = {
  code: "reopening",
  message: "Cannot continue: the primary is reopening its ledger; connect again",
};

/** Faults that may pass, so that opening the ledger is retried. */
const TRANSIENT_FAULTS: ReadonlySet<FaultCode> = new Set(["store_busy", "disk_full"]);

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
  /** Openings in a row that ended without a commit, or failed. */
  #failures = 0;
  #isStopped = false;
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
    const { openLedger, log } = this.#options;
    const store = await openLedger(mintId(), Date.now());
    const snapshot = await store.load();
    const { ledgerId, meta, members } = snapshot;
    log.line(`ledger ${ledgerId}: total ${meta.totalLikes}, ${members.length} members known`);
    const opening: PrimaryOpening = new PrimaryOpening(store, snapshot, {
      notice: (notice) => this.#notice(notice),
      ended: (reason) => {
        this.#reopen(opening, reason).catch((error: unknown) => this.#fail(error));
      },
      failed: (error) => this.#fail(error),
    });
    this.#opening = opening;
    // Recorded troubles still have to be decided, so each opening logs them.
    for (const trouble of opening.core.troubles) this.#notice({ type: "trouble", trouble });
    this.#updateHealth();
  }

  /**
   * Opens the ledger again after an opening has ended. The LikesServers say Hello to the new
   * opening, which knows what is committed.
   */
  async #reopen(opening: PrimaryOpening, reason: string): Promise<void> {
    if (this.#opening !== opening || this.#isStopped) return;
    this.#options.log.line(`opens the ledger again: ${reason}`);
    this.#opening = undefined;
    this.#server?.setStore(false);
    await opening.end(REOPENING);
    this.#failures = opening.hasCommitted ? 1 : this.#failures + 1;
    while (this.#opening === undefined) {
      await setTimeout(backoffMs(this.#failures, Math.random()));
      if (this.#isStopped) return;
      await this.#open().catch((error: unknown) => {
        if (!(error instanceof LikesError) || !TRANSIENT_FAULTS.has(error.code)) throw error;
        this.#failures++;
      });
    }
  }

  async #serve(): Promise<Primary> {
    const { reflect, log, host } = this.#options;
    const service = primaryService({
      open: (peer) => this.#take(peer),
      status: () => this.#current.core.status(performance.now()),
      count: (request, done) => this.#current.count(request, done),
    });
    const server = new RpcServer({ service: "likes.v1.PrimaryService", reflect }, service.add);
    const port = await server.listen(this.#options);
    this.#server = server;
    server.setHealth(true);
    this.#updateHealth();
    const operator = await this.#serveOperator();
    const ticker = setInterval(() => this.#opening?.tick(), TICK_MS);
    log.line(`listening on ${host}:${port}`);
    const stop = async (): Promise<void> => {
      clearInterval(ticker);
      this.#isStopped = true;
      service.close();
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
        troublesOf: (server) => this.#current.core.troublesOf(server),
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

  get #refusal(): Refusal {
    return this.#isStopped ? STOPPING : REOPENING;
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
    if (core === undefined) return;
    this.#server?.setTroubles([...core.troubles, ...core.unrecorded]);
    this.#server?.setLedgerOther(core.foreignServers.length > 0);
    this.#server?.setStore(core.isWriting);
  }

  #fail(error: unknown): void {
    this.#isStopped = true;
    this.#options.log.line(`ended: ${messageOf(error)}`);
    this.#options.onFatal(error);
  }
}
