/** Operations as people and files write them: `CLIENT/NUMBER`. A UUID alone is number 1 of its client. */
import { randomUUID } from "node:crypto";
import type { ClientId } from "../core/protocol/ids.ts";
import { checkOperation } from "../core/protocol/operation.ts";
import type { Operation } from "../core/protocol/operation.ts";
import { LikesError } from "../errors.ts";
import { quote } from "../text/escape.ts";

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const OPERATION = new RegExp(`^([0-9a-f]{32}|${UUID.source})(?:/([1-9][0-9]{0,15}))?$`);

/** Returns the operation that a text names. Throws LikesError `usage`. */
export function parseOperation(text: string): Operation {
  const [, client = "", number = "1"] = OPERATION.exec(text.toLowerCase()) ?? [];
  const operation = { client: plain(client) as ClientId, number: Number(number) };
  if (client !== "" && checkOperation(operation) === undefined) return operation;
  const message =
    `Cannot use the operation ${quote(text)}: give a UUID, or 32 hexadecimal digits, a slash and ` +
    `a number from 1, such as ${plain(randomUUID())}/1`;
  throw new LikesError("usage", message);
}

/** Returns the digits of a UUID. */
function plain(uuid: string): string {
  return uuid.replaceAll("-", "");
}
