/**
 * Whether the ledger waits for this outbox, and how its LikesServer stops.
 *
 * An outbox is `unregistered` until an Ack admits it, then a `member`, and `leaving` once it asks to
 * leave. It is `unregistered` again once an Ack says that it left. A state counts when its write is
 * synced. The ledger is converged without likes of an outbox that it does not wait for, so only a
 * member accepts likes.
 *
 * A LikesServer that stops accepts nothing, and delivers what it has. It leaves only if asked to.
 */
import { assert } from "../../assert.ts";
import type { Membership, OutboxSnapshot, OutboxWrite } from "./outbox.ts";
import type { LedgerSeen } from "../protocol/messages.ts";

/**
 * How far a LikesServer is on its way to the end. `delivered`: nothing is left to deliver, and the
 * ledger recorded the leave if that was asked for; writes may be under way. `stopped`: all is done.
 */
type StopPhase = "running" | "stopping" | "delivered" | "stopped";

/** The membership of one outbox, as its one process knows it. */
export class OutboxMembership {
  #state: Membership;
  /**
   * Whether the ledger may have recorded the outbox. A report that is on its way may not have
   * arrived.
   */
  #mayBeKnown: boolean;
  /** Whether a write waits or is under way that makes it a member. */
  #isJoining = false;
  #phase: StopPhase = "running";

  /** `snapshot` was read after this process minted its incarnation. */
  constructor({ membership, incarnations }: OutboxSnapshot) {
    // The ledger may have recorded a leave that was asked for. It has to admit the outbox again.
    this.#state = membership === "member" ? "member" : "unregistered";
    // An earlier process may have reported, and ended before it wrote that it is admitted.
    const open = incarnations.filter(({ closed }) => !closed);
    this.#mayBeKnown = membership !== "unregistered" || open.length > 1;
  }

  /** The state that is synced. */
  get state(): Membership {
    return this.#state;
  }

  /** Whether likes may be accepted. */
  get isAccepting(): boolean {
    return this.#state === "member" && this.#phase === "running";
  }

  /** Whether the outbox is about to become a member. */
  get isJoining(): boolean {
    return this.#isJoining;
  }

  /** Whether it was asked to stop. */
  get isStopping(): boolean {
    return this.#phase !== "running";
  }

  /** Whether another stream may have something to deliver or to ask for. */
  get isDelivering(): boolean {
    return this.#phase === "running" || this.#phase === "stopping";
  }

  /**
   * Whether it may report. The first report makes it a member, and one that stops wants to be none.
   */
  get mayReport(): boolean {
    return !this.isStopping || this.#mayBeKnown;
  }

  /** A report is sent. */
  reported(): void {
    assert(this.mayReport, "a LikesServer that stops does not become a member");
    this.#mayBeKnown = true;
  }

  /** The ledger admitted the outbox. Returns the write that makes it a member, if one is needed. */
  join(seen: LedgerSeen | undefined): OutboxWrite | undefined {
    if (this.#state === "member" || this.#isJoining || this.isStopping) return undefined;
    this.#isJoining = true;
    return { type: "membership", membership: "member", seen };
  }

  /**
   * Accepts nothing from now on. Returns the write that asks to leave, if there is anything to
   * leave.
   */
  stop(leave: boolean, seen: LedgerSeen | undefined): OutboxWrite | undefined {
    if (this.isStopping) return undefined;
    this.#phase = "stopping";
    if (!leave || !this.#mayBeKnown) return undefined;
    return { type: "membership", membership: "leaving", seen };
  }

  /** The ledger recorded the leave. Returns the write that forgets the ledger. */
  left(seen: LedgerSeen | undefined): OutboxWrite {
    assert(this.#state === "leaving" && this.#phase === "stopping", "it asked to leave");
    this.#phase = "delivered";
    return { type: "membership", membership: "unregistered", seen };
  }

  /**
   * Stops if nothing is left to do: everything is delivered, and left if that was asked for.
   * Returns whether it stops now. No write may be under way.
   */
  stopIfDelivered(hasDeliverable: boolean): boolean {
    const isDone = this.#state !== "leaving" && !hasDeliverable;
    if (this.#phase === "stopping" && isDone) this.#phase = "delivered";
    if (this.#phase !== "delivered") return false;
    this.#phase = "stopped";
    return true;
  }

  /** `writes` are synced. Returns whether the state changed. */
  onWritten(writes: readonly OutboxWrite[]): boolean {
    const before = this.#state;
    for (const write of writes) {
      if (write.type !== "membership") continue;
      this.#state = write.membership;
      if (write.membership === "member") this.#isJoining = false;
    }
    return this.#state !== before;
  }
}
