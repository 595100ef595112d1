/** Ids and digests: 128 bits as 32 lower-case hexadecimal digits. An id is random. */

/**
 * Text that identifies one kind of thing. An id of one kind is not assignable to another kind. A
 * plain string is assignable to every kind: the wire and the stores check ids where they come in.
 */
type IdOf<Kind extends string> = string & { readonly __kind?: Kind };

/** Names an outbox, the store of one LikesServer, for ever. */
export type OutboxId = IdOf<"outbox">;
/** Names one series of events in an outbox. Each start of a LikesServer begins one. */
export type IncarnationId = IdOf<"incarnation">;
/** Names a ledger and its backups, for ever. */
export type LedgerId = IdOf<"ledger">;
/** Names one opening of a ledger. */
export type GenerationId = IdOf<"generation">;
/** An id of any kind. */
export type Id = string;

/** Identifies the history of an incarnation up to one of its events. */
export type Digest = IdOf<"digest">;
