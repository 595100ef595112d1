/** Injects the faults of a plan that happen at a moment. A fault counts once it takes effect. */
import { AMNESIAS, PEERS } from "./faults.ts";
import type { Amnesia, FaultKind, PeerFault } from "./faults.ts";
import type { Amnesias } from "./amnesias.ts";
import { misbehave } from "./faulty_peers.ts";
import type { PeerEnvironment } from "./faulty_peers.ts";
import type { SimulatedStream } from "./network.ts";
import type { PrimaryProcess } from "./primary.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { LikesServerHost } from "./host.ts";
import type { ClockJump, WallClock } from "./wall_clock.ts";
import type { Machine } from "./machine.ts";

/** The parts of the world that faults reach. */
export interface ChaosEnvironment extends PeerEnvironment {
  readonly hosts: readonly LikesServerHost[];
  readonly primary: PrimaryProcess | undefined;
  readonly primaryMachine: Machine;
  readonly wallClock: WallClock;
  readonly amnesias: Amnesias;
  /** Starts a second primary on the ledger of the first. */
  startSecondPrimary(): void;
  /** All streams, oldest first, including those that have ended. */
  readonly streams: readonly SimulatedStream[];
}

/** Faults of single messages, and faults that accompany another event. */
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

/** The share of `paused_long` faults that do pause a process. Afterwards the world has moved on. */
const LONG_SHARE = 0.05;

function longMs(random: Random): number {
  if (random.chance(0.05)) return 600_000;
  return random.chance(0.2) ? 30_000 : 12_000;
}

/** Injects faults at random intervals during the faulty phase. */
export function injectFaults(world: ChaosEnvironment): void {
  const { faults } = world.plan;
  // Amnesias count twice: most of them take two steps, copying a store and restoring it.
  const kinds = [...faults, ...AMNESIAS.filter((kind) => faults.has(kind))].filter((kind) => {
    return !NOT_AT_A_MOMENT.includes(kind);
  });
  if (kinds.length === 0) return;
  const { scheduler, random, plan } = world;
  const next = (): void => {
    if (!world.isFaulty) return;
    inject(world, random.pick(kinds));
    scheduler.after(random.next() * 2 * plan.faultGapMs, next);
  };
  scheduler.after(random.next() * 2 * plan.faultGapMs, next);
}

function inject(world: ChaosEnvironment, kind: FaultKind): void {
  const { random, trace } = world;
  const host = random.pick(world.hosts);
  const process = random.chance(0.4) ? world.primary : host.process;
  trace?.fault("chaos", kind);
  if (AMNESIAS.some((one) => one === kind)) return world.amnesias.inject(kind as Amnesia, host);
  if (kind.startsWith("clock_")) {
    return world.wallClock.jump(kind as ClockJump);
  }
  if (injectNetworkFault(world, kind, host)) return;
  if (process !== undefined) injectProcessFault(world, kind, process);
  injectMachineFault(world, kind, random.pick([world.primaryMachine, host.machine]));
}

function injectNetworkFault(
  world: ChaosEnvironment,
  kind: FaultKind,
  { machine }: LikesServerHost,
): boolean {
  const { random, streams, scheduler, plan } = world;
  const untilMs = Math.min(scheduler.nowMs + random.whole(50, 3_500), plan.faultyMs);
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

function injectProcessFault(
  world: ChaosEnvironment,
  kind: FaultKind,
  process: SimulatedProcess,
): void {
  const { random, hosts } = world;
  const host = random.pick(hosts);
  switch (kind) {
    case "crash_likes_server":
      if (host.process === undefined) return;
      world.fired(kind);
      return host.process.die("killed");
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
      return host.process?.run(() => host.process?.stop(kind === "stopped_leaving"));
    default:
  }
}

function injectMachineFault(world: ChaosEnvironment, kind: FaultKind, machine: Machine): void {
  const { random, scheduler } = world;
  switch (kind) {
    case "disk_full":
      machine.fullUntilMs = scheduler.nowMs + random.whole(20, 1_500);
      return;
    case "store_busy":
      machine.busyUntilMs = scheduler.nowMs + random.whole(20, 800);
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
