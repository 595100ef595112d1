/**
 * What a write does to an outbox, without its records: the one place where programmer errors in
 * writes are caught and positions, sums and bytes are kept. Each store changes its disk beside it.
 */
// tidy: no test because the acceptance tests of the outbox go through it
import { assert, unreachable } from "../assert.ts";
import { recordDiskBytes } from "../core/disk_bytes.ts";
import type { IncarnationState, OutboxSnapshot, OutboxWrite } from "../core/outbox.ts";
import { origin } from "../core/record.ts";
import type { Id, Position } from "../core/record.ts";
import { storedInteger, storedLikes } from "./stored_integer.ts";

/** The records that a store holds, as the write before left them. */
export interface HeldRecords {
  /** The position after the record that ends at `sequence`; undefined when none does. */
  positionAt(incarnation: Id, sequence: number): Position | undefined;
  /** `recordDiskBytes` of the records up to and with `sequence`, summed. */
  bytesUpTo(incarnation: Id, sequence: number): number;
}

type Write<Type extends OutboxWrite["type"]> = Extract<OutboxWrite, { readonly type: Type }>;

/** An outbox that was just made. */
export function newOutbox(outboxId: Id, serverId: string): OutboxSnapshot {
  return {
    outboxId,
    serverId,
    membership: "stranger",
    seen: undefined,
    incarnations: [],
    closed: { events: 0, likes: 0n },
    generator: undefined,
    bytes: 0,
  };
}

/** `state` after `write`: the same object when there is nothing to do. Asserts that it may be. */
export function afterWrite(
  state: OutboxSnapshot,
  write: OutboxWrite,
  held: HeldRecords,
): OutboxSnapshot {
  switch (write.type) {
    case "mint":
      return afterMint(state, write.incarnation);
    case "append":
      return afterAppend(state, write);
    case "trim":
      return afterTrim(state, write, held);
    case "close":
      return afterClose(state, write.incarnation);
    case "park": {
      const { incarnation, trouble } = write;
      assert(trouble.incarnation === incarnation, "an incarnation is parked for its own trouble");
      return replaced(state, { ...incarnationOf(state, incarnation), parked: trouble });
    }
    case "membership":
      if (write.seen !== undefined) storedInteger(write.seen.version);
      return { ...state, membership: write.membership, seen: write.seen };
    default:
      return unreachable(write);
  }
}

/** The incarnation that has to be there. */
export function incarnationOf(state: OutboxSnapshot, incarnation: Id): IncarnationState {
  const found = findIncarnation(state, incarnation);
  assert(found !== undefined, `the outbox has the incarnation ${incarnation}`);
  return found;
}

/** The incarnation, or undefined when the outbox has none of that name that is not closed. */
export function findIncarnation(
  state: OutboxSnapshot,
  incarnation: Id,
): IncarnationState | undefined {
  return state.incarnations.find((one) => one.incarnation === incarnation);
}

function afterMint(state: OutboxSnapshot, incarnation: Id): OutboxSnapshot {
  assert(findIncarnation(state, incarnation) === undefined, `${incarnation} was not minted before`);
  const start = origin(incarnation);
  const minted = { incarnation, trimmed: start, last: start, parked: undefined };
  return { ...state, incarnations: [...state.incarnations, minted] };
}

function afterAppend(state: OutboxSnapshot, write: Write<"append">): OutboxSnapshot {
  const { incarnation, record, last, generator } = write;
  const found = incarnationOf(state, incarnation);
  assert(found === state.incarnations.at(-1), "only the newest incarnation appends");
  assert(record.firstSequence === found.last.sequence + 1, "a record follows the last one");
  assert(record.lastSequence >= record.firstSequence, "a record holds an event");
  assert(last.sequence === record.lastSequence, "the position is the one after the record");
  assert(last.likes >= found.last.likes, "likes of an incarnation never shrink");
  storedInteger(last.sequence);
  storedLikes(last.likes);
  if (generator !== undefined) {
    storedInteger(generator.startMs);
    storedInteger(generator.tick);
    storedInteger(generator.events);
  }
  return {
    ...replaced(state, { ...found, last }),
    generator: generator ?? state.generator,
    bytes: state.bytes + recordDiskBytes(record.bytes.length),
  };
}

function afterTrim(
  state: OutboxSnapshot,
  { incarnation, upTo }: Write<"trim">,
  held: HeldRecords,
): OutboxSnapshot {
  const found = incarnationOf(state, incarnation);
  if (upTo <= found.trimmed.sequence) return state;
  const trimmed = held.positionAt(incarnation, upTo);
  assert(trimmed !== undefined, `${upTo} is the end of a record`);
  const bytes = state.bytes - held.bytesUpTo(incarnation, upTo);
  return { ...replaced(state, { ...found, trimmed }), bytes };
}

function afterClose(state: OutboxSnapshot, incarnation: Id): OutboxSnapshot {
  const { last, trimmed } = incarnationOf(state, incarnation);
  assert(last.sequence === trimmed.sequence, "a closed incarnation holds no record");
  return {
    ...state,
    incarnations: state.incarnations.filter((one) => one.incarnation !== incarnation),
    closed: {
      events: storedInteger(state.closed.events + last.sequence),
      likes: storedLikes(state.closed.likes + last.likes),
    },
  };
}

function replaced(state: OutboxSnapshot, by: IncarnationState): OutboxSnapshot {
  const incarnations = state.incarnations.map((one) =>
    one.incarnation === by.incarnation ? by : one,
  );
  return { ...state, incarnations };
}
