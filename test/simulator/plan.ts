/**
 * The plan of faults: what a world is like, drawn from its seed before it begins. Each plan has
 * only a few kinds of faults, at its own rates (swarm testing). A world with every fault at once
 * never reaches states that need some calm.
 */
import type { Retention } from "../../src/core/likes_server/likes_server.ts";
import type { RecordCodec } from "../../src/core/protocol/record.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { cheapCodec } from "./cheap_codec.ts";
import { AMNESIAS, PLAIN_FAULTS } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import type { Random } from "./random.ts";

/** How a world goes. */
export interface Plan {
  readonly servers: number;
  readonly faults: ReadonlySet<FaultKind>;
  /** The length of the faulty phase. No faults happen afterwards. */
  readonly faultyMs: number;
  /** The mean gap between two faults that happen at a moment. */
  readonly faultGapMs: number;
  /** The probability that a message meets one of the plan's message faults. */
  readonly messageRate: number;
  readonly latencyMs: number;
  /** How many messages of one direction the transport takes before it pushes back. */
  readonly pipeMessagesMax: number;
  readonly diskMs: number;
  readonly addGapMs: number;
  /** The shares of requests that set a register, that forget a person, that name an add, and that repeat such a request. */
  readonly setShare: number;
  readonly forgetShare: number;
  readonly operationShare: number;
  readonly repeatShare: number;
  /** The share of LikesServer processes that clients leave alone until the faulty phase is over. */
  readonly idleShare: number;
  /** The byte limit of a read batch, so that a few likes fill several batches. */
  readonly batchBytesMax: number;
  readonly outboxBytesMax: number;
  readonly retain: Retention;
  /** The tick intervals from which each process picks one. */
  readonly tickMs: readonly number[];
  /** How often the operator looks at the status. With Infinity, only after the faulty phase. */
  readonly operatorGapMs: number;
  readonly codec: RecordCodec;
  /** What the ledger has counted before the world begins. */
  readonly pastLikes: bigint;
}

/** The longest tick interval: a check in a tick may be this late. */
const TICK_MAX_MS = 250;
const OUTBOX_BYTES_SMALL = 700;
/** A limit that no run reaches. */
export const UNBOUNDED = 1e9;
/** A total that a JavaScript number would round. */
const BEYOND_NUMBERS = 2n ** 53n + 1n;

/** The probability that a plan has a given kind of fault. */
const PLAIN_SHARE = 0.3;
const AMNESIA_SHARE = 0.12;
/** The share of plans with several amnesias, and the probability of each amnesia in them. */
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
    faultyMs: random.pick([500, 1_000, 2_000, 4_000]) * (forgetful ? 1.5 : 1),
    faultGapMs: random.pick([60, 150, 400]),
    messageRate: random.pick([0.01, 0.03, 0.1, 0.3]),
    latencyMs: random.pick([1, 4, 12]),
    pipeMessagesMax: random.pick([2, 8, 1_000]),
    diskMs: random.pick([0.5, 3, 8]),
    addGapMs: random.pick([20, 60, 150]) * (3 / servers),
    setShare: random.pick([0, 0, 0.3, 0.9]),
    forgetShare: random.pick([0, 0, 0.01, 0.04]),
    operationShare: random.pick([0, 0, 0.3, 0.9]),
    repeatShare: random.pick([0, 0.2, 0.5]),
    idleShare: random.pick([0, 0, 0.3, 0.8]),
    batchBytesMax: random.pick([1, 60, 500, 1e6]),
    outboxBytesMax: faults.has("outbox_full") ? OUTBOX_BYTES_SMALL : UNBOUNDED,
    retain: {
      ageMs: random.pick([0, 300, 2_000, UNBOUNDED, UNBOUNDED]),
      bytesMax: random.pick([0, 400, UNBOUNDED, UNBOUNDED]),
      incarnationsMax: random.pick([0, 2, UNBOUNDED, UNBOUNDED]),
    },
    tickMs: random.pick([[25], [100], [TICK_MAX_MS], [100, TICK_MAX_MS], [25, 100, TICK_MAX_MS]]),
    operatorGapMs: random.pick([200, 700, Infinity]),
    codec: random.chance(PRODUCTION_CODEC_SHARE) ? recordCodec : cheapCodec,
    pastLikes: random.pick([0n, 0n, 0n, BEYOND_NUMBERS]),
  };
}
