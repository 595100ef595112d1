/** The report of an audit, as plain data. */

/** An id or a digest as a store holds it: 32 lower-case hexadecimal digits. */
export type StoredId = string;

/** Events of an incarnation, from the first to the last, both included. */
export interface EventRange {
  readonly first: number;
  readonly last: number;
}

/** Where a finding is, as narrowly as known. */
export interface Place {
  /** The LikesServer, or the folder of an outbox that cannot be opened. */
  readonly serverId?: string;
  readonly incarnation?: StoredId;
  readonly sequence?: number;
  readonly itemId?: string;
}

/** Something provably wrong. */
export interface Divergence extends Place {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** Events, or a whole file, that cannot be read. */
export interface Missing extends Place {
  readonly what: string;
  /** Undefined when unknown. */
  readonly events?: EventRange;
}

/**
 * An operation whose copies add different likes, or likes of different items. The ledger keeps that
 * it counted, and not which copy did: either is right, so the total is one of several.
 */
export interface UnclearOperation extends Place {
  readonly what: string;
}

/** Events that an operator's decision excluded from the count. */
export interface GivenUp extends Place {
  readonly events: EventRange;
  /** The number of the decision. */
  readonly decision: number;
}

/** Trouble without a decision; until there is one, the roles report the total as unknown. */
export interface OpenTrouble extends Place {
  /** Its number, for `likes resolve`. */
  readonly trouble: number;
  readonly kind: string;
  /** From 0 to 0 if it is about no events in particular. */
  readonly events: EventRange;
}

/** The first findings of a kind, and the number of all. */
export interface Listed<T> {
  readonly first: readonly T[];
  readonly count: number;
}

/** A number of events and their likes. */
export interface Amount {
  readonly events: number;
  readonly likes: bigint;
}

/** The sum of what decisions gave up. */
export interface GivenUpSum {
  /** Known events: in closed gaps, in retired incarnations, and lost with an outbox. */
  readonly events: number;
  /** Retired incarnations that no outbox stores: their undelivered events are unknown. */
  readonly unknownIncarnations: number;
}

/** The adds in the clients' records, and what became of them. */
export interface ClientsReport {
  /** All acknowledged adds. */
  readonly acknowledged: Amount;
  readonly counted: Amount;
  /** In an outbox, not applied yet. */
  readonly waiting: Amount;
  /** Excluded by an operator's decision. */
  readonly givenUp: Amount;
  /** Not where the response said; each is a divergence. */
  readonly lost: Amount;
  /** The event to compare with is missing. */
  readonly undecided: Amount;
  /** Lines of adds that were not acknowledged. */
  readonly unacknowledged: number;
}

/** The verdict on a ledger and its outboxes, with its evidence. */
export interface AuditReport {
  readonly outcome: "exact" | "inexact" | "undecided";
  readonly ledger: {
    readonly ledgerId: StoredId;
    readonly version: number;
    readonly totalLikes: bigint;
    /**
     * When the copy was made; undefined for a ledger that is no copy or that a primary has opened.
     */
    readonly copiedMs: number | undefined;
  };
  readonly read: {
    readonly outboxes: number;
    readonly incarnations: number;
    readonly records: number;
    readonly events: number;
    /** Items of the ledger, its registers, and its counted operations. */
    readonly items: number;
    readonly registers: number;
    readonly operations: number;
  };
  readonly sums: {
    /**
     * Every counted event, decoded and added up: adds, each operation once, and of each register the
     * greatest state.
     */
    readonly events: bigint;
    /**
     * The outboxes' running totals at the applied sequences: all adds, repeated ones too, and no
     * sets. Undefined if any is unknown.
     */
    readonly outboxes: bigint | undefined;
    /** Likes of the adds that were read and repeat an operation. */
    readonly repeated: bigint;
    /** The ledger's items. */
    readonly items: bigint;
    /** The members' applied likes in the ledger: the adds that counted. */
    readonly members: bigint;
    /** What the ledger's registers give. */
    readonly registers: bigint;
  };
  /** Accepted but not applied yet, which is no error. */
  readonly waiting: Amount;
  /** Unapplied events of retired incarnations. */
  readonly abandoned: Amount;
  readonly gaps: Listed<GivenUp>;
  /** Events once reported that a rolled-back outbox no longer had. */
  readonly lost: Listed<GivenUp>;
  readonly givenUp: GivenUpSum;
  readonly divergences: Listed<Divergence>;
  readonly missing: Listed<Missing>;
  readonly unclear: Listed<UnclearOperation>;
  readonly troubles: Listed<OpenTrouble>;
  readonly clients: ClientsReport | undefined;
}
