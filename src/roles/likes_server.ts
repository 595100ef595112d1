/**
 * The shell of a LikesServer: it joins the core to its outbox, gRPC and the clock.
 *
 * The shell decides nothing. It hands events to the core, and performs the actions in order. When
 * the store fails, it stops at once and sends nothing more: the next start reads the disk.
 */
import { performance } from "node:perf_hooks";
import { assert, unreachable } from "../assert.ts";
import { formatAddress, parseAddress } from "../text/address.ts";
import type { Address } from "../text/address.ts";
import { addressText } from "../text/names.ts";
import { addressBetween } from "./reach.ts";
import { FOREIGN_FAULTS, LikesError, messageOf } from "../errors.ts";
import { COUNTS_FETCH_MAX_MS, LEAVE_WAIT_MAX_MS, TICK_MS } from "../limits.ts";
import { RETAIN_AGE_DEFAULT_MS, RETAIN_BYTES_DEFAULT } from "../limits.ts";
import type { CountsFetch } from "../core/likes_server/count_cache.ts";
import type { LikeEvent } from "../core/protocol/like_event.ts";
import { LikesServerCore } from "../core/likes_server/likes_server.ts";
import type { AddResult, SetResult, TotalView } from "../core/likes_server/likes_server.ts";
import type { PersonId } from "../core/protocol/ids.ts";
import type { LikesServerAction, LikesServerEvent } from "../core/likes_server/likes_server.ts";
import type { LikesServerNotice, Retention } from "../core/likes_server/likes_server.ts";
import type { OutboxStore, OutboxWrite } from "../core/likes_server/outbox.ts";
import type { Log } from "../log/log_file.ts";
import { likesService } from "../rpc/server/likes_service.ts";
import { PrimaryClient, openDelivery } from "../rpc/client/primary_client.ts";
import type { DeliveryLink } from "../rpc/client/primary_client.ts";
import { fingerprintOf } from "../format/pseudonym.ts";
import { recordCodec } from "../format/record_codec.ts";
import { RpcServer } from "../rpc/server/server.ts";
import type { ListenAddress } from "../rpc/server/server.ts";
import { mintId } from "../store/mint_id.ts";
import { ClientRequests } from "./client_requests.ts";
import type { WebSource } from "../web/exchange.ts";
import { LikesServerLog } from "./likes_server_log.ts";
import { cannotMint } from "./open_outbox.ts";
import type { OpenOutbox } from "./open_outbox.ts";
import { servePages } from "./pages.ts";
import type { Pages, PagesOptions } from "./pages.ts";
import { Driver } from "./role.ts";

const RETAIN_DEFAULT = { ageMs: RETAIN_AGE_DEFAULT_MS, bytesMax: RETAIN_BYTES_DEFAULT };

/** The options of a LikesServer. */
export interface LikesServerOptions extends ListenAddress {
  readonly outbox: OpenOutbox;
  /** Where others reach it, `host:port`; by default where it listens. */
  readonly advertise?: string | undefined;
  /** Address of the primary: `host:port`. */
  readonly primary: string;
  readonly log: Log;
  /**
   * How long acknowledged events are retained; RETAIN_AGE_DEFAULT_MS and RETAIN_BYTES_DEFAULT by
   * default.
   */
  readonly retain?: Retention;
  /** The pages over HTTP; undefined without any. */
  readonly pages?: Omit<PagesOptions, "onBug"> | undefined;
  /** Whether to serve reflection. */
  readonly reflect: boolean;
  readonly onNotice: (notice: LikesServerNotice) => void;
  /** Called with the error, at most once, when the role cannot continue. */
  readonly onFatal: (error: unknown) => void;
}

/** A LikesServer that listens. */
export interface LikesServer {
  readonly port: number;
  /** Where its pages are, and the operator's; undefined without any. */
  readonly http: Address | undefined;
  readonly metrics: Address | undefined;
  /** The advertised address, `host:port`; empty when others cannot reach it. */
  readonly told: string;
  /** The newest mark in the outbox at the start; undefined when there was none. */
  readonly mark: string | undefined;
  /** The number of events that the outbox has ever accepted. */
  readonly acceptedEvents: number;
  /** Resolves when it accepts likes: at once if an earlier process was admitted. */
  readonly accepting: Promise<void>;
  /** Stores an event for a client in this process. `mark` is stored with it. */
  add(event: LikeEvent, mark: string): Promise<AddResult | SetResult>;
  /** Returns the pseudonym of a person. */
  personOf(itemId: string, subject: string): PersonId;
  /**
   * Stops accepting, delivers, and leaves the ledger if `leave`, within LEAVE_WAIT_MAX_MS. Returns
   * the number of events that remain undelivered.
   */
  stop(leave: boolean): Promise<number>;
}

/**
 * Listens, mints an incarnation, and serves the outbox. Throws LikesError when it cannot listen or
 * write.
 */
export async function startLikesServer(options: LikesServerOptions): Promise<LikesServer> {
  const role = new LikesServerRole(options);
  return role.start();
}

class LikesServerRole {
  readonly #options: LikesServerOptions;
  readonly #store: OutboxStore;
  readonly #log: LikesServerLog;
  /** Fetches counts. Each delivery has its own connection. */
  readonly #primary: PrimaryClient;
  readonly #clients: ClientRequests;
  #core: LikesServerCore | undefined;
  #driver: Driver<LikesServerEvent, LikesServerAction> | undefined;
  #server: RpcServer | undefined;
  #link: { readonly streamId: number; readonly link: DeliveryLink } | undefined;
  #pages: Pages | undefined;
  readonly #onPulses = new Set<() => void>();
  #onDelivered: (() => void) | undefined;
  #onAccepting: () => void = () => {};

  constructor(options: LikesServerOptions) {
    this.#options = options;
    this.#store = options.outbox.store;
    this.#log = new LikesServerLog(options.log);
    this.#primary = new PrimaryClient(options.primary);
    this.#clients = new ClientRequests({
      outbox: options.outbox,
      isRunning: () => this.#isRunning,
      drive: (event) => this.#drive(event),
      whenRead: (commit) => this.#server?.whenDone(commit),
    });
  }

  async start(): Promise<LikesServer> {
    const { reflect, log, host, outbox, primary, advertise } = this.#options;
    const { retain = RETAIN_DEFAULT } = this.#options;
    const service = likesService({
      serverId: outbox.serverId,
      add: (events, done) => this.#clients.add(events, done),
      set: (sets, done) => this.#clients.set(sets, done),
      forget: (who, done) => this.#clients.forget(who, done),
      count: (asked, done) => this.#clients.count(asked, done),
      total: () => this.#total(),
    });
    const server = new RpcServer({ service: "likes.v1.LikesService", reflect }, service);
    const port = await server.listen(this.#options);
    this.#server = server;
    const minted = await this.#store.write([{ type: "mint", incarnation: mintId() }]);
    if (minted !== "done") throw cannotMint(minted, outbox.serverId);
    const snapshot = await this.#store.load();
    const listening = formatAddress({ host, port });
    const told = addressBetween(advertise ?? listening, parseAddress(primary).host);
    const fingerprint = fingerprintOf(outbox.secret);
    const identity = { serverId: outbox.serverId, address: told, fingerprint, primary, retain };
    const { recordDiskBytes } = this.#store;
    const sources = { codec: recordCodec, recordDiskBytes, mintId, random: Math.random };
    const core = new LikesServerCore(snapshot, { ...identity, ...sources }, performance.now());
    this.#core = core;
    this.#driver = new Driver(
      core,
      (action) => this.#perform(action),
      (error) => this.#fail(error),
    );
    const { events, likes } = core.accepted;
    log.line(`outbox ${snapshot.outboxId}: ${events} events, ${likes} likes accepted before`);
    log.line(`listening on ${listening}, incarnation ${core.incarnation}`);
    if (told !== listening) log.line(`others are told ${addressText(told)}`);
    const accepting = new Promise<void>((resolve) => (this.#onAccepting = resolve));
    const ticker = setInterval(() => this.#drive({ type: "tick" }), TICK_MS);
    server.setStore(true);
    this.#pages = await this.#servePages(core);
    this.#updateHealth();
    this.#drive({ type: "tick" });
    return {
      port,
      http: this.#pages?.http,
      metrics: this.#pages?.metrics,
      told,
      accepting,
      mark: snapshot.mark,
      get acceptedEvents() {
        return core.accepted.events;
      },
      add: (event, mark) => {
        return new Promise((resolve) => {
          this.#clients.give([event], mark, ([outcome]) => {
            assert(outcome !== undefined, "each event has an outcome");
            resolve(outcome);
          });
        });
      },
      personOf: (itemId, subject) => this.#clients.personOf(itemId, subject),
      stop: (leave) => this.#stop(leave, ticker),
    };
  }

  /** Serves the pages, if there are any. */
  async #servePages(core: LikesServerCore): Promise<Pages | undefined> {
    const { pages, outbox } = this.#options;
    if (pages === undefined) return undefined;
    const clients = this.#clients;
    const source: WebSource = {
      serverId: outbox.serverId,
      isAccepting: () => this.#isRunning && core.isAccepting,
      add: (events, done) => clients.add(events, done),
      set: (sets, done) => clients.set(sets, done),
      forget: (who, done) => clients.forget(who, done),
      count: (asked, done) => clients.count(asked, done),
      cached: (itemId) => core.cached(itemId, performance.now()),
      total: () => this.#total(),
      watch: (onPulse) => {
        this.#onPulses.add(onPulse);
        return () => this.#onPulses.delete(onPulse);
      },
    };
    const onBug = (error: unknown): void => {
      this.#options.log.line(`a page failed: ${messageOf(error)}`);
    };
    const onHint = (hint: string): void => {
      this.#options.log.line(hint);
      pages.onHint(hint);
    };
    return servePages({ ...pages, onBug, onHint }, outbox.secret, source, {
      acceptedEvents: () => core.accepted.events,
      pendingEvents: () => core.pendingEvents,
    });
  }

  #total(): TotalView | undefined {
    return this.#driver?.read(() => this.#core?.total(performance.now()));
  }

  get #isRunning(): boolean {
    return this.#driver?.isStopped === false;
  }

  #drive(event: LikesServerEvent): void {
    this.#driver?.drive(event);
  }

  #perform(action: LikesServerAction): void {
    switch (action.type) {
      case "write":
        return this.#write(action.writes);
      case "read":
        return this.#read(action);
      case "connect":
        return this.#connect(action.streamId);
      case "send": {
        const { streamId, message } = action;
        const taken = this.#linkOf(streamId)?.send(message) ?? true;
        if (!taken) this.#drive({ type: "blocked", streamId });
        return;
      }
      case "disconnect":
        return this.#linkOf(action.streamId)?.close();
      case "answer":
        return this.#clients.answered(action.requestId, action.outcome);
      case "fetch_counts":
        return this.#fetchCounts(action.fetch);
      case "counted":
        return this.#clients.counted(action.requestId, action.outcome);
      case "stopped":
        return this.#onDelivered?.();
      case "notice":
        return this.#notice(action.notice);
      default:
        return unreachable(action);
    }
  }

  #notice(notice: LikesServerNotice): void {
    this.#log.notice(notice, performance.now());
    this.#options.onNotice(notice);
    if (notice.type === "ledger_changed") for (const onPulse of this.#onPulses) onPulse();
    if (notice.type === "connected") this.#server?.setForeign();
    if (notice.type === "store_failing" || notice.type === "store_recovered") {
      this.#server?.setStore(notice.type === "store_recovered");
    }
    if (notice.type === "membership" || notice.type === "trouble") this.#updateHealth();
  }

  #write(writes: readonly OutboxWrite[]): void {
    this.#store
      .write(writes)
      .then((outcome) => {
        this.#drive({ type: "written", outcome, state: this.#store.state });
        // Such a write may end a trouble, which no notice reports.
        if (writes.some(({ type }) => type !== "append")) this.#updateHealth();
      })
      .catch((error: unknown) => this.#driver?.fail(error));
  }

  #read(action: Extract<LikesServerAction, { type: "read" }>): void {
    const { streamId, incarnation, sequence, bytesMax, recordsMax } = action;
    this.#store
      .read(incarnation, sequence, bytesMax, recordsMax)
      .then((read) => this.#drive({ type: "read", streamId, read }))
      .catch((error: unknown) => this.#driver?.fail(error));
  }

  #fetchCounts({ itemIds, limit, incarnations, registers }: CountsFetch): void {
    const request = { itemIds, pageSize: limit, incarnations, registers };
    this.#primary
      .counts(request, COUNTS_FETCH_MAX_MS)
      .then((answer) => this.#drive({ type: "counts_fetched", answer }))
      .catch((error: unknown) => {
        if (error instanceof LikesError) this.#drive({ type: "counts_fetched", answer: undefined });
        else this.#driver?.fail(error);
      });
  }

  #connect(streamId: number): void {
    const link = openDelivery(this.#options.primary, {
      received: (message) => this.#drive({ type: "received", streamId, message }),
      writable: () => this.#drive({ type: "writable", streamId }),
      broken: (reason, fault) => {
        if (fault !== undefined && FOREIGN_FAULTS.has(fault)) this.#server?.setForeign(fault);
        this.#drive({ type: "broken", streamId, reason });
      },
    });
    this.#link = { streamId, link };
  }

  #linkOf(streamId: number): DeliveryLink | undefined {
    return this.#link?.streamId === streamId ? this.#link.link : undefined;
  }

  #updateHealth(): void {
    const core = this.#core;
    if (core === undefined) return;
    this.#server?.setHealth(core.isAccepting);
    if (core.isAccepting) this.#onAccepting();
    this.#log.troubles(core.troubles);
    this.#server?.setTroubles(core.troubles);
  }

  async #stop(leave: boolean, ticker: NodeJS.Timeout): Promise<number> {
    const delivered = new Promise<void>((resolve) => {
      this.#onDelivered = resolve;
      setTimeout(resolve, LEAVE_WAIT_MAX_MS).unref();
    });
    this.#drive({ type: "stop", leave });
    this.#server?.setHealth(false);
    await delivered;
    clearInterval(ticker);
    this.#clients.takeAdds(); // the core refuses them: it knows that they are not accepted
    this.#driver?.stop();
    this.#clients.end();
    await this.#pages?.close();
    this.#link?.link.close();
    this.#primary.close();
    await this.#server?.close();
    this.#store.close();
    const { pendingEvents = 0 } = this.#core ?? {};
    this.#options.log.line(`stopped: ${pendingEvents} events remain in the outbox`);
    return pendingEvents;
  }

  #fail(error: unknown): void {
    this.#clients.end();
    this.#options.log.line(`ended: ${messageOf(error)}`);
    this.#options.onFatal(error);
  }
}
