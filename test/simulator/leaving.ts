/**
 * The end of a world: every LikesServer leaves while clients add likes, and `as_of` moves on alone.
 */
import type { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import { addLikes } from "./client.ts";
import type { ClientEnvironment } from "./client.ts";
import type { PrimaryProcess } from "./primary.ts";
import type { LikesServerHost } from "./host.ts";

/** The parts of the world that its end uses. */
export interface LeavingEnvironment extends ClientEnvironment {
  isAdding: boolean;
  readonly ledger: LedgerDisk;
  readonly primary: PrimaryProcess | undefined;
}

/** For how long clients still add likes. */
const ADDING_MS = 400;

/**
 * Makes every LikesServer leave. Returns true if all have left within `boundMs` and `as_of` moved
 * on.
 */
export function leave(world: LeavingEnvironment, boundMs: number): boolean {
  const { scheduler, primary, hosts } = world;
  world.isAdding = true;
  addLikes(world);
  scheduler.after(ADDING_MS, () => (world.isAdding = false));
  for (const host of hosts) leaveBy(world, host);
  const sinceMs = (primary?.core?.status(primary.nowMs).nowMs ?? 0) + ADDING_MS;
  const isOver = (): boolean => {
    const status = world.primary?.core?.status(world.primary.nowMs);
    return status?.servers.length === 0 && status.asOfMs >= sinceMs && !world.isAdding;
  };
  scheduler.runUntil(scheduler.nowMs + boundMs, isOver);
  return isOver();
}

/** Makes `host` leave. A process that had to be killed first starts again for that. */
function leaveBy(world: LeavingEnvironment, host: LikesServerHost): void {
  const { scheduler, random } = world;
  scheduler.after(random.next() * ADDING_MS, () => {
    const isMember = world.ledger.members.get(host.outboxId)?.state === "member";
    host.isKeptDown = false;
    if (isMember) host.start();
    host.isKeptDown = true;
    const { process } = host;
    process?.run(() => process.stop(true));
    if (!host.isGone) leaveBy(world, host);
  });
}
