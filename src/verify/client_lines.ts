/** A client's record: one line of `likes add --json` for each add, acknowledged or failed. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { UnreadableFileError } from "./audited_file.ts";
import type { StoredId } from "./report.ts";

/** An acknowledged add. */
export interface AcknowledgedAdd {
  readonly serverId: string;
  readonly incarnation: StoredId;
  readonly sequence: number;
  readonly itemId: string;
  readonly likes: bigint;
}

/** One line; `other` is not from `likes add --json`. */
export type ClientLine =
  | { readonly type: "add"; readonly add: AcknowledgedAdd }
  | { readonly type: "unacknowledged" | "other" };

/** Longer lines are `other`: an escaped item id of 256 bytes takes a third of this. */
const LINE_BYTES_MAX = 8_192;
const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;
/** Some editors and shells write it first; a concatenated file has several. */
const BYTE_ORDER_MARK = /^\ufeff/;

/** A client's record, read up to its size at opening. */
export class ClientFile implements Disposable {
  readonly path: string;
  readonly #descriptor: number;
  readonly #size: number;

  /** Opens the file. Throws UnreadableFileError. */
  constructor(path: string) {
    this.path = path;
    try {
      // Opening a pipe would block forever.
      this.#descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new UnreadableFileError(`${message}; give the right one`, { cause: error });
    }
    const found = fstatSync(this.#descriptor);
    this.#size = found.size;
    if (found.isFile()) return;
    this[Symbol.dispose]();
    throw new UnreadableFileError("it is not a regular file; give the right one");
  }

  /** Yields line numbers and lines, without empty lines. */
  *lines(): Generator<readonly [number, ClientLine]> {
    let number = 1;
    let kept = Buffer.alloc(0);
    for (const chunk of this.#chunks()) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        yield* lineOf(number++, Buffer.concat([kept, chunk.subarray(start, end)]));
        kept = Buffer.alloc(0);
        start = end + 1;
      }
      // A line that is too long is kept only up to where that shows.
      if (kept.length <= LINE_BYTES_MAX) kept = Buffer.concat([kept, chunk.subarray(start)]);
    }
    yield* lineOf(number, kept);
  }

  *#chunks(): Generator<Buffer> {
    for (let at = 0; at < this.#size;) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, this.#size - at));
      const length = readSync(this.#descriptor, chunk, 0, chunk.length, at);
      if (length === 0) return;
      at += length;
      yield chunk.subarray(0, length);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

function* lineOf(number: number, bytes: Buffer): Generator<readonly [number, ClientLine]> {
  if (bytes.length > LINE_BYTES_MAX) yield [number, { type: "other" }];
  else if (bytes.length > 0)
    yield [number, readLine(bytes.toString("utf8").replace(BYTE_ORDER_MARK, ""))];
}

/** Parses a line as `likes add --json` prints it. */
function readLine(text: string): ClientLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { type: "other" };
  }
  if (typeof value !== "object" || value === null) return { type: "other" };
  // Our errors have no other key.
  if ("error" in value)
    return { type: Object.keys(value).length === 1 ? "unacknowledged" : "other" };
  const { serverId, incarnation, sequence, itemId, likes } = value as Readonly<
    Record<string, unknown>
  >;
  const isAdd =
    isText(serverId, /^/) &&
    isText(incarnation, /^[0-9a-f]{32}$/) &&
    isText(sequence, /^[1-9]\d{0,15}$/) &&
    Number.isSafeInteger(Number(sequence)) &&
    isText(itemId, /^[^]/) &&
    isText(likes, /^\d{1,20}$/);
  if (!isAdd) return { type: "other" };
  const numbers = { sequence: Number(sequence), likes: BigInt(likes) };
  return { type: "add", add: { serverId, incarnation, itemId, ...numbers } };
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}
