/**
 * The membership of an outbox in its ledger, and how its LikesServer stops.
 *
 * An outbox is `unregistered` until an Ack admits it, then a `member`, and `leaving` once it asks
 * to leave. It is `unregistered` again once an Ack says that it left. A state takes effect when its
 * write is synced. Only a member accepts likes: the ledger may be CONVERGED without the likes of
 * any other outbox.
 *
 * A LikesServer that stops accepts nothing, and delivers what it has. It leaves only on request.
 */
import { assert } from "../../assert.ts";
import type { Membership, OutboxSnapshot, OutboxWrite } from "./outbox.ts";
import type { LedgerSeen } from "../protocol/messages.ts";
import type { Fingerprint } from "../protocol/ids.ts";

/**
 * The phases of a stop. `delivered`: nothing is left to deliver, and a requested leave is in the
 * ledger. Writes may be under way. `stopped`: these are done too.
 */
type StopPhase = "running" | "stopping" | "delivered" | "stopped";

/** The membership of one outbox, as its process knows it. */
export class OutboxMembership {
  #state: Membership;
  /** Whether the ledger may have recorded the outbox: a report was sent, and may have arrived. */
  #mayBeKnown: boolean;
  /** Whether a write that makes it a member waits or is under way. */
  #isJoining = false;
  #phase: StopPhase = "running";

  /** `snapshot` was read after this process minted its incarnation. */
  constructor({ membership, incarnations }: OutboxSnapshot) {
    // The ledger may have recorded a requested leave, so it has to admit the outbox again.
    this.#state = membership === "member" ? "member" : "unregistered";
    // An earlier process may have reported, and ended before it stored its admission.
    const open = incarnations.filter(({ closed }) => !closed);
    this.#mayBeKnown = membership !== "unregistered" || open.length > 1;
  }

  /** The synced state. */
  get state(): Membership {
    return this.#state;
  }

  /** Whether likes may be accepted. */
  get isAccepting(): boolean {
    return this.#state === "member" && this.#phase === "running";
  }

  /** Whether the outbox is admitted, and about to become a member on disk. */
  get isJoining(): boolean {
    return this.#isJoining;
  }

  /** Whether a stop was requested. */
  get isStopping(): boolean {
    return this.#phase !== "running";
  }

  /** Whether streams may begin: there may be events to deliver, or a leave to report. */
  get isDelivering(): boolean {
    return this.#phase === "running" || this.#phase === "stopping";
  }

  /** Whether it may report. While it stops, a first report must not make it a member. */
  get mayReport(): boolean {
    return !this.isStopping || this.#mayBeKnown;
  }

  /** A report is about to be sent. */
  reported(): void {
    assert(this.mayReport, "a LikesServer that stops does not become a member");
    this.#mayBeKnown = true;
  }

  /** The ledger admitted the outbox. Returns the write that stores this, if one is needed. */
  join(seen: LedgerSeen | undefined, fingerprint: Fingerprint): OutboxWrite | undefined {
    if (this.#state === "member" || this.#isJoining || this.isStopping) return undefined;
    this.#isJoining = true;
    return { type: "membership", membership: "member", seen, fingerprint };
  }

  /**
   * Accepts nothing from now on. Returns the write that requests the leave, if the ledger may know
   * the outbox.
   */
  stop(leave: boolean, seen: LedgerSeen | undefined): OutboxWrite | undefined {
    if (this.isStopping) return undefined;
    this.#phase = "stopping";
    if (!leave || !this.#mayBeKnown) return undefined;
    return { type: "membership", membership: "leaving", seen };
  }

  /** The ledger recorded the leave. Returns the write that ends the membership. */
  left(seen: LedgerSeen | undefined): OutboxWrite {
    assert(this.#state === "leaving" && this.#phase === "stopping", "the outbox asked to leave");
    this.#phase = "delivered";
    return { type: "membership", membership: "unregistered", seen };
  }

  /**
   * Stops if everything is delivered, and the outbox has left if requested. Returns true when it
   * stops now. The caller ensures that no write is under way.
   */
  stopIfDelivered(hasDeliverable: boolean): boolean {
    const isDone = this.#state !== "leaving" && !hasDeliverable;
    if (this.#phase === "stopping" && isDone) this.#phase = "delivered";
    if (this.#phase !== "delivered") return false;
    this.#phase = "stopped";
    return true;
  }

  /** Applies synced `writes`. Returns whether the state changed. */
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
