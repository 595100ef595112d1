/**
 * Decodes batches, once, before the rules run: the store has to know which rows they will read, and
 * may run them again.
 */
import type { Refusal } from "../../errors.ts";
import { RECORD_EVENTS_MAX } from "../../limits.ts";
import { checkEvent } from "../protocol/like_event.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { LikeBatch } from "../protocol/messages.ts";
import type { RecordCodec } from "../protocol/record.ts";
import type { LedgerCommand } from "./ledger_command.ts";
import { beyondProtocol, resynchronise, unknownChange } from "./ledger_refusals.ts";

/** The events of a batch, or why they cannot be counted. */
export type DecodedEvents = readonly LikeEvent[] | Refusal;

/** A command to the ledger, with its events. */
export type DecodedCommand = Exclude<LedgerCommand, { readonly type: "batch" }> | DecodedBatch;

/** A batch, with its events. Whether the batch is the next one is not decided yet. */
export type DecodedBatch = Extract<LedgerCommand, { readonly type: "batch" }> & {
  readonly decoded: DecodedEvents;
};

/** Returns a command with its events. */
export function decodeCommand(command: LedgerCommand, codec: RecordCodec): DecodedCommand {
  return command.type === "batch" ? { ...command, decoded: decode(command.batch, codec) } : command;
}

function decode(batch: LikeBatch, codec: RecordCodec): DecodedEvents {
  const events: LikeEvent[] = [];
  for (const { events: range, bytes } of batch.records) {
    const sequence = batch.events.first + events.length;
    const decoded = codec.decode(bytes);
    if (decoded === undefined || range.first !== sequence) {
      return resynchronise(`Cannot apply a record at #${range.first}: #${sequence} is expected`);
    }
    if (decoded.length === 0 || decoded.length > RECORD_EVENTS_MAX) {
      return beyondProtocol(sequence, `its record has ${decoded.length} events`);
    }
    for (const event of decoded) {
      const eventSequence = batch.events.first + events.length;
      if (event === undefined) return unknownChange(eventSequence);
      const refusal = checkEvent(event);
      if (refusal !== undefined) return beyondProtocol(eventSequence, refusal.message);
      events.push(event);
    }
  }
  const last = batch.events.first + events.length - 1;
  if (last === batch.events.last) return events;
  return resynchronise(`Cannot apply a batch to #${batch.events.last}: its events end at #${last}`);
}
