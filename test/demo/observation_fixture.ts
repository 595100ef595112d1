/** Observations of a run of two LikesServers, for tests that change one field at a time. */
import type { OutboxId } from "../../src/core/protocol/ids.ts";
import { encodeMark } from "../../src/demo/generator_mark.ts";
import { PRIMARY } from "../../src/demo/verdict.ts";
import type { Expected, Observation, SeedLikes } from "../../src/demo/verdict.ts";
import type { OutboxTally } from "../../src/store/outbox/outbox_reader.ts";

/** An outbox whose likes were all generated. */
export function tally(serverId: string, events: number, likes: bigint): OutboxTally {
  const outboxId = `outbox of ${serverId}` as OutboxId;
  return { outboxId, serverId, events, likes, mark: markOf(events), pendingEvents: 0 };
}

/** Returns the mark of a generator that added `events` events. */
export function markOf(events: number): string {
  return encodeMark({ startMs: 1, tick: events, events });
}

/** Two LikesServers that accepted `likes` each, in three events each, shown by all. */
export function observation(likes: bigint, changes: Partial<Observation> = {}): Observation {
  const names = [PRIMARY, "likes-server-0", "likes-server-1"];
  return {
    outboxes: [tally("likes-server-0", 3, likes), tally("likes-server-1", 3, likes)],
    givenLikes: 0n,
    unreadable: [],
    shown: names.map((name) => ({ name, totalLikes: likes * 2n })),
    everywhere: true,
    outstanding: [],
    ...changes,
  };
}

/** The likes of the first events of one server. */
type LikesOfServer = (serverId: string, events: number) => bigint | undefined;

function sumOf(likesOf: LikesOfServer): SeedLikes {
  return (eventsOf) => {
    let sum = 0n;
    for (const [serverId, events] of eventsOf) {
      const likes = likesOf(serverId, events);
      if (likes === undefined) return undefined;
      sum += likes;
    }
    return sum;
  };
}

/** Returns the expected result: three due events per generator, in a fresh folder. */
export function expected(seedLikes?: LikesOfServer, changes: Partial<Expected> = {}): Expected {
  const part = { dueEvents: 3, earlierEvents: 0 };
  return {
    generators: [
      { serverId: "likes-server-0", ...part },
      { serverId: "likes-server-1", ...part },
    ],
    earlierEvents: 0,
    seedLikes: seedLikes && sumOf(seedLikes),
    ...changes,
  };
}
