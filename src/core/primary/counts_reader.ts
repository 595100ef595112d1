/**
 * Requests for counts while the ledger reads them. Commits continue during a read. An answer
 * carries the worse convergence of before and after the read, so it never claims too much.
 */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import type { CountsRead, CountsSelection, ReadBeside } from "../ledger/ledger.ts";
import type { AppliedIncarnation, ItemCount } from "../protocol/counts.ts";
import type { RegisterState } from "../protocol/register.ts";
import type { GenerationId, LedgerId } from "../protocol/ids.ts";
import type { Convergence } from "../protocol/messages.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import { buildPage, parseSelection } from "./counts_page.ts";
import type { CountsRequest } from "./counts_page.ts";

/** The likes of some items, all of one commit, and the convergence of the total. */
export interface Counts {
  readonly counts: readonly ItemCount[];
  readonly convergence: Convergence;
  readonly asOfMs: number;
  readonly version: number;
  /** Empty on the last page. */
  readonly nextPageToken: string;
  readonly applied: readonly AppliedIncarnation[];
  /** In the order of the request. */
  readonly registers: readonly RegisterState[];
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
}

/** How a request for counts ended. */
export type CountsOutcome =
  | { readonly type: "counted"; readonly counts: Counts }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** A request for counts; answered by `counted`. */
export interface CountsRequested {
  readonly type: "count";
  readonly requestId: number;
  readonly request: CountsRequest;
}

/** The requested counts, from one snapshot of the ledger. */
export interface CountsReadDone {
  readonly type: "counts_read";
  readonly requestId: number;
  readonly read: CountsRead;
}

/** The requested counts cannot be read now. */
export interface CountsReadFailed {
  readonly type: "counts_failed";
  readonly requestId: number;
  readonly why: WriteFailure;
}

/** What the shell must do about a request. */
export type CountsAction =
  /** Read from one snapshot, and answer with `counts_read` or `counts_failed`. */
  | {
      readonly type: "read_counts";
      readonly requestId: number;
      readonly selection: CountsSelection;
      readonly beside: ReadBeside;
    }
  | { readonly type: "counted"; readonly requestId: number; readonly outcome: CountsOutcome };

/** The ledger that is shown, and the convergence of its total. */
export interface ShownLedger {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly convergence: Convergence;
}

interface Reading {
  readonly selection: CountsSelection;
  readonly before: Convergence;
}

const FAILED: Readonly<Record<WriteFailure, Refusal>> = {
  disk_full: {
    code: "disk_full",
    message: "Cannot order the items: the disk of the ledger is full; free it, or name the items",
  },
  store_busy: {
    code: "store_busy",
    message:
      "Cannot order the items: another program is writing to the ledger; end that program, or " +
      "name the items",
  },
};

/** From the worst to the best. */
const CONVERGENCES: readonly Convergence[] = ["unknown", "catching_up", "converged"];

/** The requests whose reads are under way. The service bounds their number. */
export class CountsReader {
  readonly #readings = new Map<number, Reading>();

  /** Begins the read for a request, or refuses it. `shown` is what is shown now. */
  ask({ requestId, request }: CountsRequested, shown: ShownLedger): CountsAction {
    const selected = parseSelection(request, shown.ledgerId);
    if (selected.type === "refused") return { type: "counted", requestId, outcome: selected };
    const { selection } = selected;
    this.#readings.set(requestId, { selection, before: shown.convergence });
    const { incarnations, registers } = request;
    return { type: "read_counts", requestId, selection, beside: { incarnations, registers } };
  }

  /** Answers a request with its finished read. `shown` is what is shown now. */
  read({ requestId, read }: CountsReadDone, shown: ShownLedger): CountsAction {
    const reading = this.#end(requestId);
    const { asOfMs, version } = read.meta;
    const page = buildPage(reading.selection, read, shown.ledgerId);
    const convergence = worse(reading.before, shown.convergence);
    const { applied, registers } = read;
    const counts = { ...page, ...shown, convergence, applied, registers, asOfMs, version };
    return { type: "counted", requestId, outcome: { type: "counted", counts } };
  }

  /** Refuses a request whose read has failed. */
  fail({ requestId, why }: CountsReadFailed): CountsAction {
    this.#end(requestId);
    return { type: "counted", requestId, outcome: { type: "refused", refusal: FAILED[why] } };
  }

  #end(requestId: number): Reading {
    const reading = this.#readings.get(requestId);
    assert(reading !== undefined, "a read belongs to a request");
    this.#readings.delete(requestId);
    return reading;
  }
}

function worse(a: Convergence, b: Convergence): Convergence {
  return CONVERGENCES.indexOf(a) < CONVERGENCES.indexOf(b) ? a : b;
}
