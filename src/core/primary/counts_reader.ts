/**
 * Who asks for counts while the ledger reads them. A read takes a while, and commits go on. What is told
 * of convergence is the worse of before and after the read, so no answer claims more than it may.
 */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import type { CountsRead, CountsSelection } from "../ledger/ledger.ts";
import type { AppliedIncarnation, ItemCount } from "../protocol/counts.ts";
import type { GenerationId, IncarnationId, LedgerId } from "../protocol/ids.ts";
import type { Convergence } from "../protocol/messages.ts";
import { buildPage, parseSelection } from "./counts_page.ts";
import type { CountsRequest } from "./counts_page.ts";

/** The likes of some items, all from one commit, with how far the total has come. */
export interface Counts {
  readonly counts: readonly ItemCount[];
  readonly convergence: Convergence;
  readonly asOfMs: number;
  readonly version: number;
  /** Empty when no page follows. */
  readonly nextPageToken: string;
  readonly applied: readonly AppliedIncarnation[];
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
}

/** How a request for counts ended. */
export type CountsOutcome =
  | { readonly type: "counted"; readonly counts: Counts }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** Somebody asks for counts; answered by `counted`. */
export interface CountsAsked {
  readonly type: "count";
  readonly requestId: number;
  readonly request: CountsRequest;
}

/** The counts that were asked for, from one snapshot of the ledger. */
export interface CountsWereRead {
  readonly type: "counts_read";
  readonly requestId: number;
  readonly read: CountsRead;
}

/** What is to be done about a request. */
export type CountsAction =
  /** Read from one snapshot, and answer with `counts_read`. */
  | {
      readonly type: "read_counts";
      readonly requestId: number;
      readonly selection: CountsSelection;
      readonly incarnations: readonly IncarnationId[];
    }
  | { readonly type: "counted"; readonly requestId: number; readonly outcome: CountsOutcome };

/** Which ledger is shown, and how far its total has come. */
export interface ShownLedger {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly convergence: Convergence;
}

interface Reading {
  readonly selection: CountsSelection;
  readonly before: Convergence;
}

/** From the least that is known to the most. */
const CONVERGENCES: readonly Convergence[] = ["unknown", "catching_up", "converged"];

/** Requests whose reads are under way. The service bounds how many there are. */
export class CountsReader {
  readonly #readings = new Map<number, Reading>();

  /** A request comes while `shown` is shown. */
  ask({ requestId, request }: CountsAsked, shown: ShownLedger): CountsAction {
    const selected = parseSelection(request, shown.ledgerId);
    if (selected.type === "refused") return { type: "counted", requestId, outcome: selected };
    const { selection } = selected;
    this.#readings.set(requestId, { selection, before: shown.convergence });
    return { type: "read_counts", requestId, selection, incarnations: request.incarnations };
  }

  /** What a request asked for was read, and `shown` is shown now. */
  read({ requestId, read }: CountsWereRead, shown: ShownLedger): CountsAction {
    const reading = this.#readings.get(requestId);
    assert(reading !== undefined, "what is read was asked for");
    this.#readings.delete(requestId);
    const { asOfMs, version } = read.meta;
    const page = buildPage(reading.selection, read, shown.ledgerId);
    const convergence = worse(reading.before, shown.convergence);
    const counts = { ...page, ...shown, convergence, applied: read.applied, asOfMs, version };
    return { type: "counted", requestId, outcome: { type: "counted", counts } };
  }
}

function worse(a: Convergence, b: Convergence): Convergence {
  return CONVERGENCES.indexOf(a) < CONVERGENCES.indexOf(b) ? a : b;
}
