/** Random ids, unique without coordination. */
import { randomBytes } from "node:crypto";
import type { Id } from "../core/protocol/ids.ts";

const ID_BYTES = 16;

/** Returns 128 random bits as 32 hexadecimal digits. */
export function mintId(): Id {
  return randomBytes(ID_BYTES).toString("hex");
}
