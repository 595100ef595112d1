/** What a run has to come to: what its seed and its time make due, beside what was there before. */
import { intervalMs, likesBetween } from "./generator.ts";
import { generatedEvents } from "./generator_mark.ts";
import type { GeneratorPlan } from "./generator.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";
import type { Expected, SeedLikes } from "./verdict.ts";

/** What the generators of a run follow. */
export interface ExpectedOptions {
  readonly plan: Omit<GeneratorPlan, "serverId">;
  readonly serverIds: readonly string[];
  /** For how long was given. */
  readonly ranMs: number;
  /** All outboxes as they were before the run. */
  readonly before: readonly OutboxTally[];
}

/** What is due of each generator by then, and the likes of the seed when the folder was fresh. */
export function expectedOf({ plan, serverIds, ranMs, before }: ExpectedOptions): Expected {
  const generators = serverIds.map((serverId) => ({
    serverId,
    dueEvents: Math.floor(ranMs / intervalMs({ ...plan, serverId })),
    earlierEvents: generatedEvents(before.find((one) => one.serverId === serverId)?.mark),
  }));
  return {
    generators,
    earlierEvents: before.reduce((sum, { events }) => sum + events, 0),
    seedLikes: before.length === 0 ? seedLikesOf(plan, serverIds) : undefined,
  };
}

/** Keeps its sums: one that is asked again and again computes what is new. */
function seedLikesOf(
  plan: Omit<GeneratorPlan, "serverId">,
  serverIds: readonly string[],
): SeedLikes {
  const sums = new Map(serverIds.map((serverId) => [serverId, { events: 0, likes: 0n }]));
  return (serverId, events) => {
    const known = sums.get(serverId);
    if (known === undefined) return undefined;
    const likes = known.likes + likesBetween({ ...plan, serverId }, known.events, events);
    sums.set(serverId, { events, likes });
    return likes;
  };
}
