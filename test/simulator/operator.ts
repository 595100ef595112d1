/**
 * The operator of a simulated world. It follows the documentation and knows only the status and the
 * machines. It stops one of two live copies, resolves troubles by number, and retires members whose
 * outbox is gone.
 */
import type { Status, TroubleStatus } from "../../src/core/primary/status.ts";
import type { OutboxId } from "../../src/core/protocol/ids.ts";
import { expect } from "./oracle/failure.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { Decision, PrimaryProcess } from "./primary.ts";
import type { Environment } from "./process.ts";
import type { LikesServerHost } from "./host.ts";

/** The parts of the world that an operator uses. */
export interface OperatorEnvironment extends Environment {
  readonly oracle: Oracle;
  readonly hosts: readonly LikesServerHost[];
  readonly primary: PrimaryProcess | undefined;
  /** Takes one of two machines that run on the same outbox out of service. */
  removeHost(host: LikesServerHost): void;
}

/** For how long the operator leaves a restored ledger to its members. */
const PATIENCE_MS = 8_000;
const CALM_GAP_MS = 150;
/** The share of looks at the status after which the operator is rash. */
const RASH_SHARE = 0.25;

/** An operator that looks at the status regularly. */
export class Operator {
  readonly #world: OperatorEnvironment;
  /** Outboxes that the operator wrongly believes to be gone. */
  readonly mistaken = new Set<OutboxId>();
  #asked: PrimaryProcess | undefined;
  decided = 0;

  constructor(world: OperatorEnvironment) {
    this.#world = world;
    this.#next();
  }

  #next(): void {
    const { scheduler, plan, isFaulty } = this.#world;
    const gapMs = isFaulty ? Math.min(plan.operatorGapMs, plan.faultyMs) : CALM_GAP_MS;
    scheduler.after(gapMs, () => {
      const isIdle = this.#world.isFaulty && plan.operatorGapMs === Infinity;
      if (!isIdle) this.#look();
      this.#next();
    });
  }

  #look(): void {
    const { primary, oracle } = this.#world;
    if (primary?.core === undefined || primary.isPaused || this.#asked === primary) return;
    const status = primary.core.status(primary.nowMs);
    oracle.status(status);
    this.#retireLive(status, primary);
    this.#resolveRashly(status, primary);
    if (!oracle.amnesia.hasForgotten && this.mistaken.size === 0) return;
    this.#lookForMistakes(status);
    const decision = this.#decide(status);
    if (decision === undefined) return;
    this.#asked = primary;
    this.#world.trace?.fault("operator", decision);
    primary.decide(decision, (outcome) => {
      this.#asked = undefined;
      this.#world.trace?.event("operator", outcome);
      if (outcome.type === "decided") this.decided++;
      if (outcome.type === "decided" && decision.type === "retire") this.#retired(decision.server);
    });
  }

  /** Tries to retire a streaming member, which must be refused. */
  #retireLive({ servers }: Status, primary: PrimaryProcess): void {
    const { random } = this.#world;
    const live = servers.filter(({ state }) => state === "streaming");
    if (live.length === 0 || !random.chance(RASH_SHARE)) return;
    const server = random.pick(live).outboxId;
    primary.decide({ type: "retire", server, reason: "rash" }, ({ type }) => {
      expect(type === "refused", () => `${server} was retired while streaming`);
    });
  }

  /**
   * Resolves a trouble before its cause is repaired. A restored ledger is never confirmed this way.
   */
  #resolveRashly({ troubles }: Status, primary: PrimaryProcess): void {
    const { random, trace } = this.#world;
    const chosen = troubles.filter(({ outboxId }) => outboxId !== undefined);
    if (chosen.length === 0 || !random.chance(RASH_SHARE)) return;
    const troubleNumber = random.pick(chosen).number;
    const decision = { type: "resolve", troubleNumber, reason: "rash" } as const;
    trace?.fault("operator", decision);
    primary.decide(decision, ({ type }) => {
      if (type === "decided") this.decided++;
    });
  }

  /** Decides one thing at a time: the first that is possible. */
  #decide(status: Status): Decision | undefined {
    const { random, hosts } = this.#world;
    const reason = "simulated";
    const outboxes = new Set(hosts.map(({ outboxId }) => outboxId));
    const gone = status.servers.filter(({ outboxId, state }) => {
      return state !== "streaming" && (!outboxes.has(outboxId) || this.mistaken.has(outboxId));
    });
    if (gone.length > 0 && random.chance(0.5)) {
      return { type: "retire", server: random.pick(gone).outboxId, reason };
    }
    const troubles = status.troubles.filter((trouble) => this.#isForNow(trouble));
    if (troubles.length === 0) return undefined;
    const trouble = random.pick(troubles);
    this.#stopCopies(trouble.outboxId);
    return { type: "resolve", troubleNumber: trouble.number, reason };
  }

  /** Confirms a restored ledger only when its members had time to answer. */
  #isForNow({ kind, outboxId }: TroubleStatus): boolean {
    if (kind !== "ledger_restored") return true;
    const { scheduler, plan } = this.#world;
    return outboxId === undefined && scheduler.nowMs > plan.faultyMs + PATIENCE_MS;
  }

  #stopCopies(outboxId: OutboxId | undefined): void {
    const { random, hosts } = this.#world;
    const copies = hosts.filter((host) => host.outboxId === outboxId);
    if (copies.length > 1) this.#world.removeHost(random.pick(copies));
  }

  /** A departed member cannot be retired. */
  #lookForMistakes({ servers }: Status): void {
    for (const outboxId of this.mistaken) {
      if (!servers.some((one) => one.outboxId === outboxId)) this.#release(outboxId);
    }
  }

  /** A member that was believed gone returns once it is retired. */
  #retired(outboxId: OutboxId): void {
    if (this.mistaken.has(outboxId)) this.#world.fired("retired_early");
    this.#release(outboxId);
  }

  #release(outboxId: OutboxId): void {
    if (!this.mistaken.delete(outboxId)) return;
    for (const host of this.#world.hosts) {
      if (host.outboxId !== outboxId) continue;
      host.isKeptDown = false;
      host.died();
    }
  }
}
