/** The queries for counts of one process, and the registers that each asks for. */
import type { RegisterKey } from "../../src/core/protocol/register.ts";

export class Queries {
  readonly #registers = new Map<number, readonly RegisterKey[]>();
  #requestId = 0;

  /** Returns the id of a new query. */
  begin(registers: readonly RegisterKey[] | undefined): number {
    this.#requestId++;
    this.#registers.set(this.#requestId, registers ?? []);
    return this.#requestId;
  }

  /** A query is answered. Returns its registers. */
  end(requestId: number): readonly RegisterKey[] {
    const registers = this.#registers.get(requestId) ?? [];
    this.#registers.delete(requestId);
    return registers;
  }
}
