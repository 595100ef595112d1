/**
 * An operation: the name that a client gives an add. The ledger counts each operation once, for
 * ever, through whatever LikesServers it comes.
 */
import type { Refusal } from "../../errors.ts";
import type { ClientId } from "./ids.ts";

/** The name of an add. The client mints it with the intent, and repeats it with the add. */
export interface Operation {
  readonly client: ClientId;
  /** From 1. */
  readonly number: number;
}

/**
 * Operations that share a row of the ledger, each a bit of a positive 64-bit integer. A client that
 * counts without gaps fills its rows.
 */
const OPERATIONS_PER_BLOCK = 62;

/** Operations of a client that share a row of the ledger. */
export interface OperationBlock {
  readonly client: ClientId;
  readonly block: number;
}

/** The place of an operation: its block, and the bit that stands for it there. */
export interface OperationPlace extends OperationBlock {
  readonly bit: bigint;
}

/** Returns the place of an operation. */
export function placeOf({ client, number }: Operation): OperationPlace {
  const index = number - 1;
  const bit = 1n << BigInt(index % OPERATIONS_PER_BLOCK);
  return { client, block: Math.floor(index / OPERATIONS_PER_BLOCK), bit };
}

/** Returns a text that names an operation. */
export function operationName({ client, number }: Operation): string {
  return `${client}/${number}`;
}

/** Returns why `operation` is no operation; undefined when it is one. */
export function checkOperation({ number }: Operation): Refusal | undefined {
  if (Number.isSafeInteger(number) && number >= 1) return undefined;
  const message = `Cannot accept operation ${number}: count operations from 1 to ${Number.MAX_SAFE_INTEGER}`;
  return { code: "like_invalid", message };
}
