/** Random names that nobody has to agree on. */
import { randomBytes } from "node:crypto";
import type { Id } from "../core/protocol/ids.ts";

const ID_BYTES = 16;

/** 128 random bits as 32 hexadecimal digits. */
export function mintId(): Id {
  return randomBytes(ID_BYTES).toString("hex");
}
