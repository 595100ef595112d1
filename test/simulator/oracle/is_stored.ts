import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";

/** Returns true when an outbox still has the event. */
export function isStored(disk: OutboxDisk, incarnation: IncarnationId, sequence: number): boolean {
  const { records } = disk.content;
  const stored = records.get(incarnation) ?? [];
  return stored.some(({ record: { events } }) => {
    return events.first <= sequence && sequence <= events.last;
  });
}
