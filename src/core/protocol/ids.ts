/** Ids and digests: 128 bits as 32 lower-case hexadecimal digits. An id is random. */

/**
 * Text that identifies one kind of thing. Neither a plain string nor an id of another kind is
 * assignable to it: the wire and the stores check ids where they come in. The property is for the
 * compiler alone.
 */
type IdOf<Kind extends string> = string & { readonly [K in Kind as `__${K}`]: true };

/** Names an outbox, the store of one LikesServer, for ever. */
export type OutboxId = IdOf<"outbox">;
/** Names one series of events in an outbox. Each start of a LikesServer begins one. */
export type IncarnationId = IdOf<"incarnation">;
/** Names a ledger and its backups, for ever. */
export type LedgerId = IdOf<"ledger">;
/** Names one opening of a ledger. */
export type GenerationId = IdOf<"generation">;
/** The pseudonym of a person, for ever. */
export type PersonId = IdOf<"person">;
/** Names the secret behind pseudonyms, and tells nothing else about it. */
export type Fingerprint = IdOf<"fingerprint">;
/** Names a client that gives its adds names, for ever. */
export type ClientId = IdOf<"client">;
/** An id that was just minted or read. It fits every kind, and gets one from where it is used. */
export type AnyId = OutboxId &
  IncarnationId &
  LedgerId &
  GenerationId &
  PersonId &
  ClientId &
  Fingerprint;
/** An id of some kind. */
export type Id = OutboxId | IncarnationId | LedgerId | GenerationId;

/** Identifies the history of an incarnation up to one of its events. */
export type Digest = IdOf<"digest">;
