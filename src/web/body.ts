/** Bodies of requests: bounded, in UTF-8, and unambiguous. */
import type { IncomingMessage } from "node:http";
import { BODY_BYTES_MAX, BODIES_BYTES_MAX, JSON_DEPTH_MAX } from "../limits.ts";
import { Problem } from "./problem.ts";

/** Parts of a body that are kept apart: a part costs some 100 bytes, though it may have only one. */
const PARTS_MAX = 64;

/** The bodies that one server is reading. */
export class Bodies {
  #bytes = 0;

  /** Reads a body of at most BODY_BYTES_MAX. Throws Problem. */
  async read(incoming: IncomingMessage): Promise<string> {
    if (Number(incoming.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
    if (incoming.headers["content-encoding"] !== undefined) {
      throw new Problem("body-type", "Cannot read the body: it is compressed; send it as it is");
    }
    return decode(await this.#gather(incoming));
  }

  /** By events, which cost a third of an iterator. */
  async #gather(incoming: IncomingMessage): Promise<Buffer> {
    const parts: Buffer[] = [];
    let bytes = 0;
    return new Promise<Buffer>((resolve, reject) => {
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        this.#bytes += chunk.length;
        if (bytes > BODY_BYTES_MAX) reject(tooLarge());
        else if (this.#bytes > BODIES_BYTES_MAX) reject(tooMany());
        else if (parts.push(chunk) > PARTS_MAX) parts.splice(0, Infinity, Buffer.concat(parts));
      });
      incoming.once("end", () => resolve(Buffer.concat(parts)));
      incoming.once("close", () => {
        if (!incoming.complete) reject(endedEarly());
      });
    }).finally(() => {
      this.#bytes -= bytes;
      incoming.removeAllListeners("data").resume();
    });
  }
}

/** Checks that the type of a body is one of `types`. Throws Problem `body-type`. */
export function checkType(contentType: string | undefined, types: readonly string[]): void {
  const [type = "", ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const isUtf8 = parameters.every((parameter) => {
    const [name = "", value = ""] = parameter.split("=");
    return name.trim() !== "charset" || /^"?utf-?8"?$/.test(value.trim());
  });
  if (isUtf8 && types.includes(type.trim())) return;
  throw new Problem("body-type", `Cannot read the body: send ${types.join(" or ")}, in UTF-8`);
}

/** Parses JSON. Throws Problem `body-invalid`. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("it is no JSON");
  }
  const keys = keysIn(text);
  if (countKeys(value) !== keys) throw invalid("an object has the same key twice");
  return value;
}

/** The strings of a text in JSON, each with a colon if it is a key, and the brackets between. */
const JSON_TOKENS = /"(?:[^"\\]|\\.)*"(?<colon>\s*:)?|[[{]|[\]}]/gs;

/** Returns the number of keys in JSON of a bounded depth. In other texts a string may have no end. */
function keysIn(text: string): number {
  let keys = 0;
  let depth = 0;
  for (const [token, colon] of text.matchAll(JSON_TOKENS)) {
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    else if (colon !== undefined) keys++;
    if (depth > JSON_DEPTH_MAX) throw invalid(`it is deeper than ${JSON_DEPTH_MAX}`);
  }
  return keys;
}

/** Returns the number of keys in a value whose depth is bounded. */
function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const parts = Object.values(value);
  const own = Array.isArray(value) ? 0 : parts.length;
  return parts.reduce<number>((sum, part) => sum + countKeys(part), own);
}

/** Parses a form. Throws Problem `body-invalid`. */
export function parseForm(text: string): Readonly<Record<string, string>> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw invalid(`the field ${JSON.stringify(name)} is there twice`);
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid("it is not UTF-8");
  }
}

function endedEarly(): Problem {
  return new Problem("request-invalid", "Cannot read the body: it ended early");
}

function tooMany(): Problem {
  const detail = "Cannot read the body: too many are being read; try again later";
  return new Problem("too-many", detail, {}, { Connection: "close" });
}

function tooLarge(): Problem {
  const detail = `Cannot read the body: it has more than ${BODY_BYTES_MAX} bytes; send less at once`;
  return new Problem("body-too-large", detail, {}, { Connection: "close" });
}

function invalid(why: string): Problem {
  return new Problem("body-invalid", `Cannot read the body: ${why}`);
}
