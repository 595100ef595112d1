/**
 * The clients of a world: they add likes, set what persons give, and query counts. They repeat only
 * what may be repeated: a set, or an add with an operation, at any LikesServer.
 */
import type { AddRequest } from "../../src/core/likes_server/group_commit.ts";
import type { WishRequest } from "../../src/core/likes_server/wishes.ts";
import type { Change } from "../../src/core/protocol/like_event.ts";
import type { LikesServerHost } from "./host.ts";
import { registerKey } from "../../src/core/protocol/register.ts";
import type { Persons } from "./persons.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { Environment } from "./process.ts";

/** The parts of the world that clients use. */
export interface ClientEnvironment extends Environment {
  readonly isAdding: boolean;
  readonly oracle: Oracle;
  readonly persons: Persons;
  readonly hosts: readonly LikesServerHost[];
}

/** The share of requests for an item that a recent request had too, at any LikesServer. */
const SHARED_SHARE = 0.3;

/** The share of sets that leave the revision to the LikesServer. */
const WISH_SHARE = 0.3;

/** The share of queries in which a person asks. */
const PERSON_SHARE = 0.4;

/** The share of calls that add several likes. */
const BATCH_SHARE = 0.1;

/** Adds likes at random intervals until the world stops asking for them. */
export function addLikes(world: ClientEnvironment): void {
  const { random, scheduler, plan } = world;
  if (!world.isAdding) return;
  const calls = random.chance(0.1) ? random.whole(2, 12) : 1;
  for (let left = calls; left > 0; left--) {
    const process = random.pick(world.hosts).process;
    if (process?.core === undefined || (process.isIdle && world.isFaulty)) continue;
    const count = random.chance(BATCH_SHARE) ? random.whole(2, 6) : 1;
    const adds = Array.from({ length: count }, () => attempt(world));
    process.run(() => process.drive({ type: "add", adds }));
  }
  if (random.chance(0.2)) queryCounts(world);
  scheduler.after(random.next() * 2 * plan.addGapMs, () => addLikes(world));
}

/** Returns a request of which the oracle knows: sometimes one that was sent before. */
function attempt(world: ClientEnvironment): AddRequest | WishRequest {
  const { random, oracle, plan, persons } = world;
  const { truth } = oracle;
  if (random.chance(plan.repeatShare)) {
    const lately = truth.adds.at(-1 - random.whole(0, 20));
    if (lately !== undefined && isRepeatable(lately.change)) return truth.attempt(lately);
  }
  if (random.chance(plan.forgetShare)) return truth.attempt(persons.forget(random));
  if (random.chance(plan.setShare)) {
    if (random.chance(WISH_SHARE)) return truth.wish(persons.wish(random));
    return truth.attempt(persons.set(random));
  }
  const operation = random.chance(plan.operationShare) ? persons.operation(random) : undefined;
  const likes = BigInt(random.whole(0, 42));
  const change = { kind: "add", likes, ...(operation && { operation }) } as const;
  const lately = truth.adds.at(-1 - random.whole(0, 5));
  const beside = random.chance(SHARED_SHARE) ? lately?.itemId : undefined;
  const isTaken = (itemId: string) => truth.addsOf(itemId).some((add) => add.likes === likes);
  const isNew = beside === undefined || isTaken(beside);
  return truth.attempt({ itemId: isNew ? `g${truth.adds.length + 1}` : beside, change });
}

function isRepeatable(change: Change): boolean {
  if (change.kind === "add") return change.operation !== undefined;
  return change.kind === "forget" || change.state.revision > 0;
}

/** Queries a LikesServer for items that recently got likes, at any LikesServer. */
function queryCounts({ random, oracle, hosts, persons }: ClientEnvironment): void {
  const lately = oracle.truth.adds.slice(-30);
  if (lately.length === 0) return;
  const itemIds = Array.from({ length: random.whole(1, 4) }, () => random.pick(lately).itemId);
  const process = random.pick(hosts).process;
  if (process === undefined) return;
  const person = random.chance(PERSON_SHARE) ? persons.one(random) : undefined;
  const registers = person && itemIds.map((itemId) => registerKey(person, itemId));
  const query = { requestId: process.queries.begin(registers), itemIds, limit: 0 };
  process.run(() => {
    process.drive({
      type: "count",
      query: registers === undefined ? query : { ...query, registers },
    });
  });
}
