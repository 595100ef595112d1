/**
 * The operator of a simulated world, who does what the documents say, and knows nothing but the
 * status and which machines there are: stops one of two live copies, resolves troubles by number,
 * and retires members whose outbox is gone.
 */
import type { OperatorRequest } from "../../src/core/primary/primary.ts";
import type { Status, TroubleStatus } from "../../src/core/primary/status.ts";
import type { OutboxId } from "../../src/core/protocol/ids.ts";
import { expect } from "./oracle/failure.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { PrimaryProcess } from "./primary.ts";
import type { Surroundings } from "./process.ts";
import type { LikesServerSeat } from "./seat.ts";

/** The world, as far as an operator has to do with it. */
export interface OperatorSurroundings extends Surroundings {
  readonly oracle: Oracle;
  readonly seats: readonly LikesServerSeat[];
  readonly primary: PrimaryProcess | undefined;
  /** Takes a machine of two that work on one outbox out of service. */
  removeSeat(seat: LikesServerSeat): void;
}

/** So long the operator leaves a ledger that was opened from a backup to its members. */
const PATIENCE_MS = 8_000;
const CALM_GAP_MS = 150;
/** Of the looks at the status, those after which the operator is rash. */
const RASH_SHARE = 0.25;

/** Looks at the status again and again. */
export class Operator {
  readonly #world: OperatorSurroundings;
  /** Outboxes that the operator believes to be gone for ever, wrongly. */
  readonly mistaken = new Set<string>();
  #asked: PrimaryProcess | undefined;
  decided = 0;

  constructor(world: OperatorSurroundings) {
    this.#world = world;
    this.#next();
  }

  #next(): void {
    const { agenda, plan, isUnkind } = this.#world;
    const gapMs = isUnkind ? Math.min(plan.operatorGapMs, plan.unkindMs) : CALM_GAP_MS;
    agenda.after(gapMs, () => {
      const isIdle = this.#world.isUnkind && plan.operatorGapMs === Infinity;
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
    if (!oracle.amnesia.happened && this.mistaken.size === 0) return;
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

  /** Takes a member that answers for gone, which is refused. */
  #retireLive({ servers }: Status, primary: PrimaryProcess): void {
    const { random } = this.#world;
    const live = servers.filter(({ state }) => state === "streaming");
    if (live.length === 0 || !random.chance(RASH_SHARE)) return;
    const server = random.pick(live).outboxId;
    primary.decide({ type: "retire", server, reason: "rash" }, ({ type }) => {
      expect(type === "refused", () => `${server} is retired although it streams`);
    });
  }

  /** Takes a trouble for over, whoever works on it. That nobody else will answer is not said so. */
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

  /** One thing at a time: the first that can be done. */
  #decide(status: Status): OperatorRequest | undefined {
    const { random, seats } = this.#world;
    const reason = "simulated";
    const outboxes = new Set(seats.map(({ outboxId }) => outboxId));
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

  /** Nobody else will answer: that is said only of a ledger that nobody has answered for a while. */
  #isForNow({ kind, outboxId }: TroubleStatus): boolean {
    if (kind !== "ledger_restored") return true;
    const { agenda, plan } = this.#world;
    return outboxId === undefined && agenda.nowMs > plan.unkindMs + PATIENCE_MS;
  }

  #stopCopies(outboxId: OutboxId | undefined): void {
    const { random, seats } = this.#world;
    const copies = seats.filter((seat) => seat.outboxId === outboxId);
    if (copies.length > 1) this.#world.removeSeat(random.pick(copies));
  }

  /** Who is no member is not there to be retired. */
  #lookForMistakes({ servers }: Status): void {
    for (const outboxId of this.mistaken) {
      if (!servers.some((one) => one.outboxId === outboxId)) this.#release(outboxId);
    }
  }

  /** What was believed to be gone returns, once it is retired. */
  #retired(outboxId: string): void {
    if (this.mistaken.has(outboxId)) this.#world.fired("retired_early");
    this.#release(outboxId);
  }

  #release(outboxId: string): void {
    if (!this.mistaken.delete(outboxId)) return;
    for (const seat of this.#world.seats) {
      if (seat.outboxId !== outboxId) continue;
      seat.isHeldDown = false;
      seat.died();
    }
  }
}
