/**
 * Broken peers. Their messages break the protocol in a way that the other side can tell, so these
 * must have no effect. They are injected into the stream of an honest process.
 */
import type { Digest, IncarnationId } from "../../src/core/protocol/ids.ts";
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
import type { InjectedMessage, SimulatedStream } from "./network.ts";
import type { Environment } from "./process.ts";
import type { Random } from "./random.ts";

/** The parts of the world that broken peers use. */
export interface PeerEnvironment extends Environment {
  readonly ledger: LedgerDisk;
}

/** The size of a flood of replays: more than the primary queues. */
const FLOOD_BATCHES = 40;
const FLOOD_SHARE = 0.15;

/** The parts of a batch. */
interface Source {
  readonly incarnation: IncarnationId;
  readonly records: readonly LikeRecord[];
  /** The digest before the first of `records`. */
  readonly digest: Digest;
  readonly codec: RecordCodec;
  readonly random: Random;
}

/** Injects a wrong message into `stream`, if its state allows one. */
export function misbehave(world: PeerEnvironment, kind: PeerFault, stream: SimulatedStream): void {
  if (sendFaulty(world, kind, stream)) world.fired(kind);
}

/** Sends `hello` on `stream` with the protocol version of another release. */
export function sendOtherVersion(
  world: PeerEnvironment,
  stream: SimulatedStream,
  hello: Hello,
): void {
  const protocolVersion = hello.protocolVersion + world.random.pick([-1, 1]);
  const message = { ...hello, protocolVersion };
  if (stream.injectUp({ message, endsStream: "always" })) world.fired("peer_other_version");
}

function sendFaulty(world: PeerEnvironment, kind: PeerFault, stream: SimulatedStream): boolean {
  if (kind === "peer_other_version") return false; // replaces a Hello
  if (kind === "primary_confused") {
    const injected = primaryFault(world, stream);
    return injected !== undefined && stream.injectDown(injected);
  }
  const injected =
    kind === "peer_out_of_turn" ? outOfTurn(world, stream) : batch(world, kind, stream);
  if (injected === undefined) return false;
  const isFlood = kind === "peer_replays" && world.random.chance(FLOOD_SHARE);
  for (let left = isFlood ? FLOOD_BATCHES - 1 : 0; left > 0; left--) stream.injectUp(injected);
  return stream.injectUp(injected);
}

/** Builds a batch: a replay, one that overlaps applied events, or the next one with a change. */
function batch(
  { ledger, plan, random }: PeerEnvironment,
  kind: "peer_replays" | "peer_overlaps" | "peer_changes",
  { hello, welcome, likesServer }: SimulatedStream,
): InjectedMessage<LikeBatch> | undefined {
  if (hello === undefined || welcome === undefined) return undefined;
  const { incarnation } = hello;
  const { content } = likesServer.disk;
  const applied = ledger.incarnations.get(incarnation)?.appliedSequence ?? 0;
  const known = findIncarnation(content.state, incarnation);
  const stored = content.records.get(incarnation) ?? [];
  const next = stored.findIndex(({ last }) => last.sequence > applied);
  const end = next === -1 ? stored.length : next;
  const first = kind === "peer_changes" ? end : random.whole(0, Math.max(end - 1, 0));
  const last = kind === "peer_replays" ? random.whole(first, end - 1) : random.whole(end, end + 2);
  const chosen = stored.slice(first, last + 1);
  if (known === undefined || chosen.length === 0 || first > last) return undefined;
  if (kind === "peer_overlaps" && (first >= end || last < end || end === stored.length))
    return undefined;
  const before = stored[first - 1]?.last ?? known.trimmed;
  const source: Source = {
    incarnation,
    records: chosen.map(({ record }) => record),
    digest: before.digest,
    codec: plan.codec,
    random,
  };
  const message = kind === "peer_changes" ? random.pick(CHANGES)(source) : batchOf(source);
  return { message, endsStream: "never", isFalse: kind === "peer_changes" };
}

/** Builds the batch of a source, optionally with other records and their digest. */
function batchOf({ incarnation, records, digest: before, codec }: Source, by = records): LikeBatch {
  let digest = before;
  for (const { events, bytes } of by) digest = codec.digest(digest, events.first, bytes);
  const [first, last] = [records[0]?.events.first ?? 0, records.at(-1)?.events.last ?? 0];
  return { type: "batch", incarnation, events: { first, last }, records: by, digest };
}

/** Returns `records` with the last one changed. */
function withLast(
  records: readonly LikeRecord[],
  change: (record: LikeRecord) => LikeRecord,
): readonly LikeRecord[] {
  return records.map((record, index) => (index === records.length - 1 ? change(record) : record));
}

/** The ways in which the next batch can be wrong. */
const CHANGES: readonly ((source: Source) => LikeBatch)[] = [
  (source) => ({ ...batchOf(source), digest: source.random.id() }),
  (source) => {
    const records = withLast(source.records, (record) => {
      const bytes = record.bytes.slice();
      const at = source.random.whole(0, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << source.random.whole(0, 7));
      return { ...record, bytes };
    });
    return { ...batchOf(source), records };
  },
  (source) => ({ ...batchOf(source), records: source.records.slice(1) }),
  (source) => ({ ...batchOf(source, source.records.slice(0, -1)) }),
  (source) => sealed(source, ({ events }) => ({ events: { ...events, first: events.first + 1 } })),
  (source) => sealed(source, () => ({ bytes: encodeEvent(source, LIKES_PER_EVENT_MAX + 1) })),
  (source) => sealed(source, () => ({ bytes: encodeEvent(source, UNKNOWN_LIKES) })),
];

/** Builds a batch with a changed last record and a matching digest. */
function sealed(source: Source, change: (record: LikeRecord) => Partial<LikeRecord>): LikeBatch {
  return batchOf(
    source,
    withLast(source.records, (record) => ({ ...record, ...change(record) })),
  );
}

function encodeEvent({ codec }: Source, likes: number): Uint8Array {
  return codec.encode({ itemId: "forged", change: { kind: "add", likes: BigInt(likes) } });
}

/** Returns a message that the protocol forbids at this point of a stream, if there is one. */
function outOfTurn(
  { random }: PeerEnvironment,
  { hello, welcome, likesServer }: SimulatedStream,
): InjectedMessage<FromLikesServer> | undefined {
  if (hello === undefined) return undefined;
  const { incarnation } = hello;
  const other = random.chance(0.5) ? hello : { ...hello, incarnation: random.id() };
  const again = { message: other, endsStream: "always" } as const;
  const events = { first: 1, last: 1 };
  const records = [{ events, bytes: new Uint8Array(4) }];
  const batch = { type: "batch", incarnation, events, records, digest: random.id() } as const;
  if (welcome === undefined) {
    // If the batch arrives in turn after all, the primary remembers its sequence for good.
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
    acknowledgedEvents: 0,
    final: true,
    leaving: true,
    otherPendingEvents: 0,
    shownVersion: 0,
    shownTotalLikes: 0n,
    troubles: [],
  } as const;
  const foreign = { ...batch, incarnation: random.id() };
  return random.pick<InjectedMessage<FromLikesServer>>([
    again,
    { message: report, endsStream: "always" },
    { message: foreign, endsStream: "always" },
  ]);
}

/** Returns an Ack of unsent events or of another incarnation, a second Welcome, or an old pulse. */
function primaryFault(
  { random }: PeerEnvironment,
  { hello, welcome, oldPulse, likesServer }: SimulatedStream,
): InjectedMessage<FromPrimary> | undefined {
  if (hello === undefined || welcome === undefined) return undefined;
  const { incarnation } = hello;
  const flags = { closed: true, admitted: true, left: true, resolved: [] };
  const known = findIncarnation(likesServer.disk.content.state, incarnation);
  const last = known?.last.sequence ?? 0;
  const far = welcome.appliedSequence + random.whole(1_000, 2_000);
  const ack = { type: "ack", incarnation, appliedSequence: far, version: 0, ...flags } as const;
  const injected: InjectedMessage<FromPrimary>[] = [
    { message: welcome, endsStream: "always" },
    { message: ack, endsStream: "while_sending" },
    { message: { ...ack, appliedSequence: last, incarnation: random.id() }, endsStream: "never" },
  ];
  if (oldPulse !== undefined) injected.push({ message: oldPulse, endsStream: "never" });
  return random.pick(injected);
}
