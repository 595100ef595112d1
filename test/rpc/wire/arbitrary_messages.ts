/** Any message of the delivery protocol that a correct peer may send. */
import fc from "fast-check";
import { TROUBLE_KINDS } from "../../../src/core/protocol/messages.ts";
import type {
  FromLikesServer,
  FromPrimary,
  LikeBatch,
  Pulse,
  ReportedTrouble,
} from "../../../src/core/protocol/messages.ts";
import type { EventRange } from "../../../src/core/protocol/record.ts";
import type { TroubleStatus } from "../../../src/core/primary/status.ts";
import { idFrom } from "../../store/faults.ts";

const UINT64_MAX = 2n ** 64n - 1n;
const HEX = "0123456789abcdef".split("");

const id = fc.string({ unit: fc.constantFrom(...HEX), minLength: 32, maxLength: 32 }).map(idFrom);
const serverId = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
const number = fc.maxSafeNat();
const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const likes = fc.bigInt({ min: 0n, max: UINT64_MAX });
const text = fc.string({ unit: "grapheme", maxLength: 40 });

/** Like `fc.record`, with the prototype of ordinary objects. */
export function record<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const hello = record({
  type: fc.constant("hello" as const),
  protocolVersion: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  serverId,
  address: text,
  outboxId: id,
  incarnation: id,
  acknowledgedSequence: number,
  seen: fc.option(record({ ledgerId: id, generation: id, version: number }), { nil: undefined }),
  fingerprint: id,
});

const batch = record({
  incarnation: id,
  digest: id,
  first: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 256_000 }),
  parts: fc.array(record({ events: fc.integer({ min: 1, max: 1_000 }), bytes: fc.uint8Array() }), {
    minLength: 1,
    maxLength: 256,
  }),
}).map(({ incarnation, digest, first, parts }): LikeBatch => {
  let next = first;
  const records = parts.map(({ events, bytes }) => {
    const start = next;
    next += events;
    return { events: { first: start, last: next - 1 }, bytes };
  });
  return { type: "batch", incarnation, events: { first, last: next - 1 }, records, digest };
});

/** A range of events, or none. */
export const events: fc.Arbitrary<EventRange | undefined> = fc.option(
  fc.tuple(sequence, sequence).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) })),
  { nil: undefined },
);

const trouble = record({
  kind: fc.constantFrom(...TROUBLE_KINDS),
  incarnation: id,
  detail: text,
  events,
  digest: id,
}).map(({ digest, ...rest }): ReportedTrouble => {
  const namesDigest = rest.kind === "gap" && rest.events !== undefined;
  return { ...rest, digest: namesDigest ? digest : undefined };
});

/** Any trouble of a status. */
export const troubleStatus: fc.Arbitrary<TroubleStatus> = record({
  number: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  kind: fc.constantFrom(...TROUBLE_KINDS),
  serverId: fc.option(serverId, { nil: undefined }),
  outboxId: fc.option(id, { nil: undefined }),
  incarnation: fc.option(id, { nil: undefined }),
  events,
  digest: fc.constant(undefined),
  detail: text,
  sinceMs: number,
  doubtfulAsOf: fc.option(
    fc
      .tuple(number, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
      .map(([a, b]) => ({ afterMs: Math.min(a, b), upToMs: Math.max(a, b) })),
    { nil: undefined },
  ),
});

const report = record({
  type: fc.constant("report" as const),
  incarnation: id,
  pulseMs: number,
  lastSequence: number,
  acceptedLikes: likes,
  acknowledgedEvents: number,
  final: fc.boolean(),
  leaving: fc.boolean(),
  otherPendingEvents: number,
  shownVersion: number,
  shownTotalLikes: likes,
  troubles: fc.array(trouble, { maxLength: 16 }),
}).map((found) => ({ ...found, leaving: found.leaving && found.final }));

const pulse: fc.Arbitrary<Pulse> = record({
  type: fc.constant("pulse" as const),
  pulseMs: number,
  generation: id,
  version: number,
  totalLikes: likes,
  asOfMs: number,
  convergence: fc.constantFrom("converged", "catching_up", "unknown"),
});

const welcome = record({
  type: fc.constant("welcome" as const),
  ledgerId: id,
  generation: id,
  appliedSequence: number,
  digest: id,
  redeliver: fc.boolean(),
  pulse,
});

const ack = record({
  type: fc.constant("ack" as const),
  incarnation: id,
  appliedSequence: number,
  version: number,
  closed: fc.boolean(),
  admitted: fc.boolean(),
  left: fc.boolean(),
  resolved: fc.array(id, { maxLength: 16 }),
});

/** Any message from a LikesServer. */
export const fromLikesServer: fc.Arbitrary<FromLikesServer> = fc.oneof(hello, batch, report);

/** Any message from a primary. */
export const fromPrimary: fc.Arbitrary<FromPrimary> = fc.oneof(welcome, ack, pulse);
