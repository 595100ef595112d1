import type { Id } from "../../../src/core/protocol/ids.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";

/** Whether an outbox still has the event of that name. */
export function holds(disk: OutboxDisk, incarnation: Id, sequence: number): boolean {
  const { records } = disk.content;
  const held = records.get(incarnation) ?? [];
  return held.some(({ record }) => {
    return record.firstSequence <= sequence && sequence <= record.lastSequence;
  });
}
