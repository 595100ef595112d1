/**
 * The plan of faults: what one world is like, drawn from its seed before it begins. Each plan has
 * its own few kinds of faults, at its own rates (swarm testing): a world in which everything goes
 * wrong at once never gets far enough to meet what takes a while of peace.
 */
import type { Retention } from "../../src/core/likes_server/likes_server.ts";
import type { RecordCodec } from "../../src/core/protocol/record.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { cheapCodec } from "./cheap_codec.ts";
import { AMNESIAS, PLAIN_FAULTS } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import type { Random } from "./random.ts";

/** How a world is to go. */
export interface Plan {
  readonly servers: number;
  readonly faults: ReadonlySet<FaultKind>;
  /** How long it is unkind; from then on there are no faults. */
  readonly unkindMs: number;
  /** Between two faults that happen at a moment, on average. */
  readonly faultGapMs: number;
  /** Of each message, that one of the faults of messages befalls it which the plan has. */
  readonly messageRate: number;
  readonly latencyMs: number;
  /** Messages of one direction of a stream that the transport takes before it pushes back. */
  readonly pipeMessagesMax: number;
  readonly diskMs: number;
  readonly addGapMs: number;
  /** Of the lives of LikesServers, those in which nobody gives to them until all is kind. */
  readonly idleShare: number;
  /** Batches are read in pieces of so many bytes, so that a few likes are several batches. */
  readonly batchBytesMax: number;
  readonly outboxBytesMax: number;
  readonly retain: Retention;
  /** Of pairs of a tick and the next, for each life of a process one is picked. */
  readonly tickMs: readonly number[];
  /** How often the operator looks at the status; never before all is kind again when Infinity. */
  readonly operatorGapMs: number;
  readonly codec: RecordCodec;
  /** What the ledger has counted before the world begins. */
  readonly pastLikes: bigint;
}

/** Between two ticks of a process, at the most: what is looked at by then is late by so much. */
const TICK_MAX_MS = 250;
const OUTBOX_BYTES_SMALL = 700;
/** Of what a plan gives so much, nothing is ever used up. */
export const PLENTY = 1e9;
/** A total that a number of JavaScript rounds. */
const BEYOND_NUMBERS = 2n ** 53n + 1n;

/** What share of plans has a kind of fault. */
const PLAIN_SHARE = 0.3;
const AMNESIA_SHARE = 0.12;
/** Of plans, those in which several stores forget, and what share of the amnesias these have. */
const FORGETFUL_SHARE = 0.4;
const FORGETFUL_AMNESIA_SHARE = 0.4;
const PRODUCTION_CODEC_SHARE = 0.05;

/** Draws the plan of a world with `servers` LikesServers. */
export function drawPlan(random: Random, servers: number): Plan {
  const faults = new Set<FaultKind>();
  for (const kind of PLAIN_FAULTS) if (random.chance(PLAIN_SHARE)) faults.add(kind);
  const amnesiaShare = random.chance(FORGETFUL_SHARE) ? FORGETFUL_AMNESIA_SHARE : AMNESIA_SHARE;
  for (const kind of AMNESIAS) if (random.chance(amnesiaShare)) faults.add(kind);
  if (faults.has("left_long")) faults.add("stopped_leaving");
  const forgetful = AMNESIAS.some((kind) => faults.has(kind));
  return {
    servers,
    faults,
    unkindMs: random.pick([500, 1_000, 2_000, 4_000]) * (forgetful ? 1.5 : 1),
    faultGapMs: random.pick([60, 150, 400]),
    messageRate: random.pick([0.01, 0.03, 0.1, 0.3]),
    latencyMs: random.pick([1, 4, 12]),
    pipeMessagesMax: random.pick([2, 8, 1_000]),
    diskMs: random.pick([0.5, 3, 8]),
    addGapMs: random.pick([20, 60, 150]) * (3 / servers),
    idleShare: random.pick([0, 0, 0.3, 0.8]),
    batchBytesMax: random.pick([1, 60, 500, 1e6]),
    outboxBytesMax: faults.has("outbox_full") ? OUTBOX_BYTES_SMALL : PLENTY,
    retain: {
      ageMs: random.pick([0, 300, 2_000, PLENTY, PLENTY]),
      bytesMax: random.pick([0, 400, PLENTY, PLENTY]),
      incarnationsMax: random.pick([0, 2, PLENTY, PLENTY]),
    },
    tickMs: random.pick([[25], [100], [TICK_MAX_MS], [100, TICK_MAX_MS], [25, 100, TICK_MAX_MS]]),
    operatorGapMs: random.pick([200, 700, Infinity]),
    codec: random.chance(PRODUCTION_CODEC_SHARE) ? recordCodec : cheapCodec,
    pastLikes: random.pick([0n, 0n, 0n, BEYOND_NUMBERS]),
  };
}
