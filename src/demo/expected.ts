/** The expected result of a run: the events due by its seed and duration, and those from before. */
import { intervalMs, likesBetween } from "./generator.ts";
import { PersonLikes } from "./person_generator.ts";
import { generatedEvents } from "./generator_mark.ts";
import type { GeneratorPlan } from "./generator.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";
import type { Expected, SeedLikes } from "./verdict.ts";

/** What `expectedOf` computes from. */
export interface ExpectedOptions {
  readonly plan: Omit<GeneratorPlan, "serverId">;
  readonly serverIds: readonly string[];
  /** How long the generators ran. */
  readonly ranMs: number;
  /** All outboxes before the run. */
  readonly before: readonly OutboxTally[];
}

/** Returns the events due per generator and, for a fresh folder, the likes that the seed yields. */
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

/** Keeps its sums: the drain asks again and again, and only the new events are computed. */
function seedLikesOf(
  plan: Omit<GeneratorPlan, "serverId">,
  serverIds: readonly string[],
): SeedLikes {
  return plan.persons > 0 ? seedLikesOfPersons(plan, serverIds) : seedSums(plan, serverIds);
}

function seedSums(plan: Omit<GeneratorPlan, "serverId">, serverIds: readonly string[]): SeedLikes {
  const sums = new Map(serverIds.map((serverId) => [serverId, { events: 0, likes: 0n }]));
  return (eventsOf) => {
    let total = 0n;
    for (const [serverId, events] of eventsOf) {
      const known = sums.get(serverId);
      if (known === undefined) return undefined;
      const likes = known.likes + likesBetween({ ...plan, serverId }, known.events, events);
      sums.set(serverId, { events, likes });
      total += likes;
    }
    return total;
  };
}

function seedLikesOfPersons(
  plan: Omit<GeneratorPlan, "serverId">,
  serverIds: readonly string[],
): SeedLikes {
  const given = new PersonLikes();
  return (eventsOf) => {
    for (const [serverId, events] of eventsOf) {
      if (!serverIds.includes(serverId)) return undefined;
      given.add({ ...plan, serverId }, events);
    }
    return given.likes;
  };
}
