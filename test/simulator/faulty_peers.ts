/**
 * Peers that are broken: what they say breaks the protocol in a way that the other side can tell, so
 * nothing may come of it. It is said on the stream of an honest process, in its place.
 */
import type {
  FromLikesServer,
  FromPrimary,
  Hello,
  LikeBatch,
} from "../../src/core/protocol/messages.ts";
import type { LikeRecord, RecordCodec } from "../../src/core/protocol/record.ts";
import { LIKES_PER_EVENT_MAX } from "../../src/limits.ts";
import type { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import { findIncarnation } from "../../src/store/outbox/outbox_state.ts";
import { UNKNOWN_LIKES } from "./cheap_codec.ts";
import type { PeerFault } from "./faults.ts";
import type { Forged, SimulatedStream } from "./network.ts";
import type { Surroundings } from "./process.ts";
import type { Random } from "./random.ts";

/** The world, as far as somebody in it is broken. */
export interface Misled extends Surroundings {
  readonly ledger: LedgerDisk;
}

/** A flood of replays, of which the primary holds some back. */
const FLOOD_BATCHES = 40;
const FLOOD_SHARE = 0.15;

/** What a batch is made of. */
interface Source {
  readonly incarnation: string;
  readonly records: readonly LikeRecord[];
  /** The digest before the first of `records`. */
  readonly digest: string;
  readonly codec: RecordCodec;
  readonly random: Random;
}

/** Lets one side of `stream` say something that is wrong, if there is an occasion for it. */
export function misbehave(world: Misled, kind: PeerFault, stream: SimulatedStream): void {
  if (isSaid(world, kind, stream)) world.fired(kind);
}

/** Says `hello` on `stream` as another release would. */
export function speakOtherVersion(world: Misled, stream: SimulatedStream, hello: Hello): void {
  const protocolVersion = hello.protocolVersion + world.random.pick([-1, 1]);
  const message = { ...hello, protocolVersion };
  if (stream.forgeUp({ message, endsStream: "always" })) world.fired("peer_other_version");
}

function isSaid(world: Misled, kind: PeerFault, stream: SimulatedStream): boolean {
  if (kind === "peer_other_version") return false; // it is said in the place of a Hello
  if (kind === "primary_confused") {
    const forged = ofPrimary(world, stream);
    return forged !== undefined && stream.forgeDown(forged);
  }
  const forged =
    kind === "peer_out_of_turn" ? outOfTurn(world, stream) : batch(world, kind, stream);
  if (forged === undefined) return false;
  const isFlood = kind === "peer_replays" && world.random.chance(FLOOD_SHARE);
  for (let left = isFlood ? FLOOD_BATCHES - 1 : 0; left > 0; left--) stream.forgeUp(forged);
  return stream.forgeUp(forged);
}

/** Events that were applied already, some of them, or those that follow with something changed. */
function batch(
  { ledger, plan, random }: Misled,
  kind: "peer_replays" | "peer_overlaps" | "peer_changes",
  { hello, welcome, likesServer }: SimulatedStream,
): Forged<LikeBatch> | undefined {
  if (hello === undefined || welcome === undefined) return undefined;
  const { incarnation } = hello;
  const { content } = likesServer.disk;
  const applied = ledger.incarnations.get(incarnation)?.appliedSequence ?? 0;
  const known = findIncarnation(content.state, incarnation);
  const held = content.records.get(incarnation) ?? [];
  const next = held.findIndex(({ last }) => last.sequence > applied);
  const end = next === -1 ? held.length : next;
  const first = kind === "peer_changes" ? end : random.whole(0, Math.max(end - 1, 0));
  const last = kind === "peer_replays" ? random.whole(first, end - 1) : random.whole(end, end + 2);
  const chosen = held.slice(first, last + 1);
  if (known === undefined || chosen.length === 0 || first > last) return undefined;
  if (kind === "peer_overlaps" && (first >= end || last < end || end === held.length))
    return undefined;
  const before = held[first - 1]?.last ?? known.trimmed;
  const source: Source = {
    incarnation,
    records: chosen.map(({ record }) => record),
    digest: before.digest,
    codec: plan.codec,
    random,
  };
  const message = kind === "peer_changes" ? random.pick(CHANGES)(source) : made(source);
  return { message, endsStream: "never", isFalse: kind === "peer_changes" };
}

/** The batch of a source, or of other records in its place, with the digest that they have. */
function made({ incarnation, records, digest: before, codec }: Source, by = records): LikeBatch {
  let digest = before;
  for (const { firstSequence, bytes } of by) digest = codec.digest(digest, firstSequence, bytes);
  const range = {
    firstSequence: records[0]?.firstSequence ?? 0,
    lastSequence: records.at(-1)?.lastSequence ?? 0,
  };
  return { type: "batch", incarnation, ...range, records: by, digest };
}

/** `records` with another last one. */
function withLast(
  records: readonly LikeRecord[],
  change: (record: LikeRecord) => LikeRecord,
): readonly LikeRecord[] {
  return records.map((record, index) => (index === records.length - 1 ? change(record) : record));
}

/** What can be wrong with a batch that follows. */
const CHANGES: readonly ((source: Source) => LikeBatch)[] = [
  (source) => ({ ...made(source), digest: source.random.id() }),
  (source) => {
    const records = withLast(source.records, (record) => {
      const bytes = record.bytes.slice();
      const at = source.random.whole(0, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << source.random.whole(0, 7));
      return { ...record, bytes };
    });
    return { ...made(source), records };
  },
  (source) => ({ ...made(source), records: source.records.slice(1) }),
  (source) => ({ ...made(source, source.records.slice(0, -1)) }),
  (source) => sealed(source, ({ firstSequence }) => ({ firstSequence: firstSequence + 1 })),
  (source) => sealed(source, () => ({ bytes: anEvent(source, LIKES_PER_EVENT_MAX + 1) })),
  (source) => sealed(source, () => ({ bytes: anEvent(source, UNKNOWN_LIKES) })),
];

/** With another last record, and the digest that it has then. */
function sealed(source: Source, change: (record: LikeRecord) => Partial<LikeRecord>): LikeBatch {
  return made(
    source,
    withLast(source.records, (record) => ({ ...record, ...change(record) })),
  );
}

function anEvent({ codec }: Source, likes: number): Uint8Array {
  return codec.encode({ itemId: "forged", change: { kind: "add", likes: BigInt(likes) } });
}

/** What may not be said at this point of a stream, or at none. */
function outOfTurn(
  { random }: Misled,
  { hello, welcome, likesServer }: SimulatedStream,
): Forged<FromLikesServer> | undefined {
  if (hello === undefined) return undefined;
  const { incarnation } = hello;
  const other = random.chance(0.5) ? hello : { ...hello, incarnation: random.id() };
  const again = { message: other, endsStream: "always" } as const;
  const nothing = { firstSequence: 1, lastSequence: 1, digest: random.id() };
  const records = [{ firstSequence: 1, lastSequence: 1, bytes: new Uint8Array(4) }];
  const batch = { type: "batch", incarnation, ...nothing, records } as const;
  if (welcome === undefined) {
    // A batch names its events for good when it comes in turn after all.
    const known = findIncarnation(likesServer.disk.content.state, incarnation);
    if (known === undefined || known.last.sequence === 0) return again;
    return random.pick([again, { message: batch, endsStream: "before_welcome" } as const]);
  }
  const report = {
    type: "report",
    incarnation,
    pulseMs: welcome.pulse.pulseMs + random.whole(1e9, 2e9),
    lastSequence: 0,
    acceptedLikes: 0n,
    acknowledgedLikes: 0n,
    final: true,
    leaving: true,
    otherPendingEvents: 0,
    shownVersion: 0,
    shownTotalLikes: 0n,
    troubles: [],
  } as const;
  const foreign = { ...batch, incarnation: random.id() };
  return random.pick<Forged<FromLikesServer>>([
    again,
    { message: report, endsStream: "always" },
    { message: foreign, endsStream: "always" },
  ]);
}

/** An Ack of what was not sent, or of something else; a Welcome too many; a pulse of the past. */
function ofPrimary(
  { random }: Misled,
  { hello, welcome, oldPulse, likesServer }: SimulatedStream,
): Forged<FromPrimary> | undefined {
  if (hello === undefined || welcome === undefined) return undefined;
  const { incarnation } = hello;
  const flags = { closed: true, admitted: true, left: true, resolved: [] };
  const known = findIncarnation(likesServer.disk.content.state, incarnation);
  const last = known?.last.sequence ?? 0;
  const far = welcome.appliedSequence + random.whole(1_000, 2_000);
  const ack = { type: "ack", incarnation, appliedSequence: far, version: 0, ...flags } as const;
  const forged: Forged<FromPrimary>[] = [
    { message: welcome, endsStream: "always" },
    { message: ack, endsStream: "while_sending" },
    { message: { ...ack, appliedSequence: last, incarnation: random.id() }, endsStream: "never" },
  ];
  if (oldPulse !== undefined) forged.push({ message: oldPulse, endsStream: "never" });
  return random.pick(forged);
}
