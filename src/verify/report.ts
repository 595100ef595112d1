/** What an audit tells: data alone, for whoever renders it. */

/** 32 lower-case hexadecimal digits. */
export type Id = string;

/** Where something was found, as narrowly as it is known. */
export interface Place {
  /** The LikesServer, or its folder where it does not say its own name. */
  readonly serverId?: string;
  readonly incarnation?: Id;
  readonly sequence?: number;
  readonly itemId?: string;
}

/** Something that is provably not as it has to be. */
export interface Divergence extends Place {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** Events, or all of a file, that nobody can look at. */
export interface Missing extends Place {
  readonly what: string;
  /** The events; undefined where nobody knows how many. */
  readonly firstSequence?: number;
  readonly lastSequence?: number;
}

/** Events that will not be counted, because an operator decided so. */
export interface GivenUp extends Place {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** The decision in the ledger. */
  readonly decision: number;
}

/** Trouble about which nobody has decided: the roles call the total unknown meanwhile. */
export interface Undecided extends Place {
  /** Its number, by which it is decided. */
  readonly trouble: number;
  readonly kind: string;
  /** 0 and 0 where it is about no events in particular. */
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** The first of many, and how many there are. */
export interface Listed<T> {
  readonly first: readonly T[];
  readonly count: number;
}

/** A number of events and their likes. */
export interface Amount {
  readonly events: number;
  readonly likes: bigint;
}

/** All that decisions gave up. */
export interface GivenUpSum {
  /** Events of which it is known: in gaps, of retired incarnations, and lost with an outbox. */
  readonly events: number;
  /** Retired incarnations that no outbox holds: what they had not delivered is not known. */
  readonly unknownIncarnations: number;
}

/** What the givers' own records say, and what became of it. */
export interface ClientsReport {
  /** Gives that were acknowledged. */
  readonly given: Amount;
  readonly counted: Amount;
  /** They wait in an outbox. */
  readonly waiting: Amount;
  /** An operator decided that they do not count. */
  readonly givenUp: Amount;
  /** They are not where they have to be: each is a divergence. */
  readonly lost: Amount;
  /** What they would be compared with is missing. */
  readonly undecided: Amount;
  /** Lines about gives that were not acknowledged. */
  readonly unacknowledged: number;
}

/** The verdict on a ledger and its outboxes, and what it was reached with. */
export interface AuditReport {
  readonly outcome: "exact" | "inexact" | "undecided";
  readonly ledger: {
    readonly ledgerId: Id;
    readonly version: number;
    readonly totalLikes: bigint;
    /** When it was copied, of a copy that no primary has opened; undefined for any other ledger. */
    readonly copiedMs: number | undefined;
  };
  readonly read: {
    readonly outboxes: number;
    readonly incarnations: number;
    readonly records: number;
    readonly events: number;
    readonly items: number;
  };
  readonly sums: {
    /** Every event that is applied, decoded and added up by item. */
    readonly events: bigint;
    /** The outboxes' own cumulative likes at the applied places; undefined where one is not known. */
    readonly outboxes: bigint | undefined;
    /** The ledger's items. */
    readonly items: bigint;
    /** What the ledger has applied of each member. */
    readonly members: bigint;
  };
  /** Accepted and not applied yet, which is no error. */
  readonly waiting: Amount;
  /** Left over of incarnations that an operator ended. */
  readonly abandoned: Amount;
  readonly gaps: Listed<GivenUp>;
  /** Events that were named, and that the outbox lacked when it came back rolled back. */
  readonly lost: Listed<GivenUp>;
  readonly givenUp: GivenUpSum;
  readonly divergences: Listed<Divergence>;
  readonly missing: Listed<Missing>;
  readonly troubles: Listed<Undecided>;
  readonly clients: ClientsReport | undefined;
}
