/**
 * The rules of an event: what it changes in the ledger.
 *
 * An add counts whenever it comes. One with an operation counts once: the ledger has the bit of
 * every operation that has counted. A set counts if its state is greater than that of the register.
 * What it adds follows from the register in the ledger, never from the event alone. So neither
 * depends on the way or on the order in which events come.
 *
 * A person who is forgotten has no registers any more, and gets none: sets that come late are
 * dropped.
 */
import { unreachable } from "../../assert.ts";
import { compareStates } from "../protocol/register.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { PersonId } from "../protocol/ids.ts";
import type { Operation } from "../protocol/operation.ts";
import type { RegisterState } from "../protocol/register.ts";
import type { AppliedEvent, EventOutcome } from "./ledger_command.ts";
import type { ForgottenPerson } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";

/** Applies an event. Returns what became of it. */
export function applyEvent(changes: UnitOfWork, { itemId, change }: LikeEvent): AppliedEvent {
  switch (change.kind) {
    case "add":
      return applyAdd(changes, itemId, change.likes, change.operation);
    case "set":
      return applySet(changes, itemId, change.person, change.state);
    case "forget":
      return forgetPerson(changes, change);
    default:
      return unreachable(change);
  }
}

function applyAdd(
  changes: UnitOfWork,
  itemId: string,
  likes: bigint,
  operation: Operation | undefined,
): AppliedEvent {
  if (operation !== undefined && !changes.count(operation)) return unchanged(itemId, "repeated");
  changes.addLikes(itemId, likes);
  return { itemId, gained: likes, outcome: "counted" };
}

function applySet(
  changes: UnitOfWork,
  itemId: string,
  person: PersonId,
  state: RegisterState,
): AppliedEvent {
  const before = changes.ledger.register(person, itemId);
  if (before === undefined) return unchanged(itemId, "forgotten");
  const order = compareStates(state, before);
  if (order === 0) return unchanged(itemId, "same");
  if (order < 0) return unchanged(itemId, "superseded");
  changes.setRegister(person, itemId, state);
  changes.addLikes(itemId, -BigInt(before.likes), before.reaction);
  changes.addLikes(itemId, BigInt(state.likes), state.reaction);
  return { itemId, gained: BigInt(state.likes - before.likes), outcome: "counted" };
}

/** Removes the registers of a person. The likes are taken back, or stay without a name. */
export function forgetPerson(
  changes: UnitOfWork,
  { person, withdraw }: ForgottenPerson,
): AppliedEvent {
  const registers = changes.ledger.registersOf(person);
  if (registers === undefined) return unchanged("", "forgotten");
  const given = [...registers]
    .filter(([, { likes }]) => likes > 0)
    .map(([itemId, { reaction, likes }]) => ({ itemId, reaction, likes }));
  let gained = 0n;
  if (withdraw) {
    for (const { itemId, reaction, likes } of given) {
      changes.addLikes(itemId, -BigInt(likes), reaction);
      gained -= BigInt(likes);
    }
  }
  changes.forget(person, withdraw, withdraw ? [] : given);
  return { itemId: "", gained, outcome: "counted" };
}

function unchanged(itemId: string, outcome: EventOutcome): AppliedEvent {
  return { itemId, gained: 0n, outcome };
}
