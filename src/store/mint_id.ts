/** Random ids, unique without coordination. */
import { randomBytes } from "node:crypto";
import type { AnyId } from "../core/protocol/ids.ts";

const ID_BYTES = 16;

/** Returns 128 random bits as 32 hexadecimal digits. */
export function mintId(): AnyId {
  return randomBytes(ID_BYTES).toString("hex") as AnyId;
}
