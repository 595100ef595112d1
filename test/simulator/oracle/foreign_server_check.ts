/** That a LikesServer of another ledger comes is named, and is no reason to say that all is well. */
import { REFUSED_KEPT_MS } from "../../../src/limits.ts";
import type { Hello } from "../../../src/core/protocol/messages.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { Status } from "../../../src/core/primary/status.ts";
import { expect } from "./failure.ts";
import { ROUNDING_MS } from "./rounding.ts";

/** Looks at what one life of the primary says of those who come. */
export class ForeignServerCheck {
  readonly #ledgerId: Id;
  /** When outboxes of another ledger came last. */
  readonly #cameMs = new Map<Id, number>();

  constructor(ledgerId: Id) {
    this.#ledgerId = ledgerId;
  }

  came({ seen, outboxId }: Hello, nowMs: number): void {
    if (seen !== undefined && seen.ledgerId !== this.#ledgerId) this.#cameMs.set(outboxId, nowMs);
  }

  check({ foreignServers, convergence, servers, totalLikes }: Status, nowMs: number): void {
    for (const { outboxId } of foreignServers) {
      const hasCome = this.#cameMs.has(outboxId);
      expect(hasCome, () => `${outboxId} is said to be of another ledger, and never came`);
    }
    for (const [outboxId, cameMs] of this.#cameMs) {
      if (nowMs - cameMs > REFUSED_KEPT_MS - ROUNDING_MS) continue;
      const isNamed = foreignServers.some((one) => one.outboxId === outboxId);
      expect(isNamed, () => `${outboxId} of another ledger came, and is not named`);
    }
    const isEmpty = servers.length === 0 && totalLikes === 0n && this.#cameMs.size > 0;
    const isWell = isEmpty && convergence === "converged";
    expect(!isWell, () => "converged, and those who came belong to another ledger");
  }
}
