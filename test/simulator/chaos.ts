/** Performs the faults of a plan that happen at a moment; each is counted once it takes effect. */
import { AMNESIAS, PEERS } from "./faults.ts";
import type { Amnesia, FaultKind, PeerFault } from "./faults.ts";
import type { Amnesias } from "./amnesias.ts";
import { misbehave } from "./faulty_peers.ts";
import type { Misled } from "./faulty_peers.ts";
import type { SimulatedStream } from "./network.ts";
import type { PrimaryProcess } from "./primary.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { LikesServerSeat } from "./seat.ts";
import type { ClockJump, WallClock } from "./wall_clock.ts";
import type { Machine } from "./machine.ts";

/** The world, as far as faults befall it. */
export interface Befallen extends Misled {
  readonly seats: readonly LikesServerSeat[];
  readonly primary: PrimaryProcess | undefined;
  readonly primaryMachine: Machine;
  readonly wallClock: WallClock;
  readonly amnesias: Amnesias;
  /** On the ledger of the one that there is. */
  startSecondPrimary(): void;
  /** Streams that were opened, the oldest first; some have ended. */
  readonly streams: readonly SimulatedStream[];
}

/** Those that befall messages, or come with another one. */
const NOT_AT_A_MOMENT: readonly FaultKind[] = [
  "message_lost",
  "message_duplicated",
  "message_delayed",
  "message_reordered_up",
  "message_reordered_down",
  "transport_blocked",
  "peer_replays",
  "peer_overlaps",
  "peer_changes",
  "peer_other_version",
  "crash_in_recovery",
  "write_lost",
  "write_kept_unseen",
  "outbox_full",
  "left_long",
];

/** Which directions of a stream are dead: up, down. */
const HALVES: readonly (readonly [boolean, boolean])[] = [
  [true, true],
  [true, false],
  [false, true],
];

/** Of the times at which a process may be stopped for long; it comes back into another world. */
const LONG_SHARE = 0.05;

function longMs(random: Random): number {
  if (random.chance(0.05)) return 600_000;
  return random.chance(0.2) ? 30_000 : 12_000;
}

/** Makes a fault happen now and then, for as long as the world is unkind. */
export function beUnkind(world: Befallen): void {
  const { faults } = world.plan;
  // Twice as often: most stores forget in two steps, when they are copied and when they are put back.
  const kinds = [...faults, ...AMNESIAS.filter((kind) => faults.has(kind))].filter((kind) => {
    return !NOT_AT_A_MOMENT.includes(kind);
  });
  if (kinds.length === 0) return;
  const { agenda, random, plan } = world;
  const next = (): void => {
    if (!world.isUnkind) return;
    befall(world, random.pick(kinds));
    agenda.after(random.next() * 2 * plan.faultGapMs, next);
  };
  agenda.after(random.next() * 2 * plan.faultGapMs, next);
}

function befall(world: Befallen, kind: FaultKind): void {
  const { random, trace } = world;
  const seat = random.pick(world.seats);
  const process = random.chance(0.4) ? world.primary : seat.process;
  trace?.fault("chaos", kind);
  if (AMNESIAS.some((one) => one === kind)) return world.amnesias.befall(kind as Amnesia, seat);
  if (kind.startsWith("clock_")) {
    return world.wallClock.jump(kind as ClockJump);
  }
  if (befallsNetwork(world, kind, seat)) return;
  if (process !== undefined) befallsProcess(world, kind, process);
  befallsMachine(world, kind, random.pick([world.primaryMachine, seat.machine]));
}

function befallsNetwork(world: Befallen, kind: FaultKind, { machine }: LikesServerSeat): boolean {
  const { random, streams, agenda, plan } = world;
  const untilMs = Math.min(agenda.nowMs + random.whole(50, 3_500), plan.unkindMs);
  const stream = streams.at(-1 - random.whole(0, plan.servers - 1));
  const isOpen = stream !== undefined && !stream.isEnded;
  if (PEERS.some((one) => one === kind)) {
    if (isOpen) misbehave(world, kind as PeerFault, stream);
    return true;
  }
  switch (kind) {
    case "partition_both":
    case "partition_up":
    case "partition_down":
      if (kind !== "partition_down") machine.upUntilMs = untilMs;
      if (kind !== "partition_up") machine.downUntilMs = untilMs;
      machine.partition = kind;
      return true;
    case "connection_refused":
      machine.isRefused = true;
      return true;
    case "stream_broken":
      if (!isOpen) return true;
      stream.break();
      world.fired(kind);
      return true;
    case "half_open":
      if (!isOpen) return true;
      stream.halfOpen(...random.pick(HALVES));
      world.fired(kind);
      return true;
    default:
      return false;
  }
}

function befallsProcess(world: Befallen, kind: FaultKind, process: SimulatedProcess): void {
  const { random, seats } = world;
  const seat = random.pick(seats);
  switch (kind) {
    case "crash_likes_server":
      if (seat.process === undefined) return;
      world.fired(kind);
      return seat.process.die("killed");
    case "crash_primary":
      if (world.primary === undefined) return;
      world.fired(kind);
      return world.primary.die("killed");
    case "superseded_in_commit":
    case "older_primary_returns":
      return world.startSecondPrimary();
    case "crash_between_effects":
      return process.dieAfterEffects(random.whole(1, 12));
    case "paused":
      return process.pause(kind, random.pick([20, 200, 1_000, 3_500]));
    case "paused_long":
      if (random.chance(LONG_SHARE)) process.pause(kind, longMs(random));
      return;
    case "stopped_leaving":
    case "stopped_staying":
      return seat.process?.run(() => seat.process?.stop(kind === "stopped_leaving"));
    default:
  }
}

function befallsMachine(world: Befallen, kind: FaultKind, machine: Machine): void {
  const { random, agenda } = world;
  switch (kind) {
    case "disk_full":
      machine.fullUntilMs = agenda.nowMs + random.whole(20, 1_500);
      return;
    case "store_busy":
      machine.busyUntilMs = agenda.nowMs + random.whole(20, 800);
      return;
    case "disk_slow":
      machine.diskMs = random.pick([30, 150, 1_000]);
      return;
    case "read_failed":
      machine.isUnreadable = true;
      return;
    case "sync_failed_lost":
      machine.syncFault = "in_doubt_lost";
      return;
    case "sync_failed_kept":
      machine.syncFault = "in_doubt_kept";
      break;
    default:
  }
}
