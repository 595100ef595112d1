/** Checks that the status lists foreign servers, and is not CONVERGED because only these came. */
import { REFUSED_KEPT_MS } from "../../../src/limits.ts";
import type { Hello } from "../../../src/core/protocol/messages.ts";
import type { LedgerId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { Status } from "../../../src/core/primary/status.ts";
import { expect } from "./failure.ts";
import { ROUNDING_MS } from "./rounding.ts";

/** Checks what one process of the primary shows of foreign servers. */
export class ForeignServerCheck {
  readonly #ledgerId: LedgerId;
  /** When each foreign outbox last said Hello. */
  readonly #cameMs = new Map<OutboxId, number>();

  constructor(ledgerId: LedgerId) {
    this.#ledgerId = ledgerId;
  }

  came({ seen, outboxId }: Hello, nowMs: number): void {
    if (seen !== undefined && seen.ledgerId !== this.#ledgerId) this.#cameMs.set(outboxId, nowMs);
  }

  check({ foreignServers, convergence, servers, totalLikes }: Status, nowMs: number): void {
    for (const { outboxId } of foreignServers) {
      const hasCome = this.#cameMs.has(outboxId);
      expect(hasCome, () => `${outboxId} is listed as foreign but never said Hello`);
    }
    for (const [outboxId, cameMs] of this.#cameMs) {
      if (nowMs - cameMs > REFUSED_KEPT_MS - ROUNDING_MS) continue;
      const isListed = foreignServers.some((one) => one.outboxId === outboxId);
      expect(isListed, () => `foreign ${outboxId} said Hello but is not listed`);
    }
    const isEmpty = servers.length === 0 && totalLikes === 0n && this.#cameMs.size > 0;
    const isConverged = isEmpty && convergence === "converged";
    expect(!isConverged, () => "converged, but only foreign servers came");
  }
}
