/** The ids of the system: each of 128 random bits, or a digest, as 32 lower-case hexadecimal digits. */

/**
 * Text that names one kind of thing. Ids of different kinds do not pass for each other. Plain text passes
 * for each kind: what comes from outside is checked where it comes in, by the wire and by the stores.
 */
type IdOf<Kind extends string> = string & { readonly __kind?: Kind };

/** An outbox, for ever: the disk of one LikesServer. */
export type OutboxId = IdOf<"outbox">;
/** One life of a LikesServer on its outbox. */
export type IncarnationId = IdOf<"incarnation">;
/** A ledger, for ever, its backups included. */
export type LedgerId = IdOf<"ledger">;
/** One opening of a ledger. */
export type GenerationId = IdOf<"generation">;
/** Any of them. */
export type Id = string;

/** Names all events of an incarnation up to one of them. */
export type Digest = IdOf<"digest">;
