/** The lines of `likes add --from`: `video 5`, `video`, or `{"itemId":"video","likes":5}`. */
import { checkEvent } from "../core/protocol/like_event.ts";
import { LikesError } from "../errors.ts";
import type { Refusal } from "../errors.ts";
import { LIKES_PER_EVENT_MAX } from "../limits.ts";
import { quote } from "../text/escape.ts";
import { parseWhole } from "../text/numbers.ts";

/** Bytes of the longest line: an escaped item id of 256 bytes takes a third of this. */
const LINE_BYTES_MAX = 8_192;
const NEWLINE = 0x0a;
/** The keys of an object that `likes add --json` prints. */
const KEYS: readonly string[] = [
  "itemId",
  "likes",
  "serverId",
  "incarnation",
  "sequence",
  "address",
];
const GIVE = 'give itemId and likes: {"itemId":"video","likes":5}';

/** A line, and the likes that it adds or why it adds none. */
export interface AddLine {
  /** From 1. */
  readonly number: number;
  readonly add: LineAdd | Refusal;
}

/** Likes for one item. */
export interface LineAdd {
  readonly itemId: string;
  readonly likes: bigint;
}

/** Cuts a stream into lines. It keeps the beginning of a line whose end has not come. */
export class AddLines {
  #number = 0;
  #kept = Buffer.alloc(0);

  /** Returns the lines that end in `chunk`, without empty ones. */
  take(chunk: Buffer): readonly AddLine[] {
    const lines: AddLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(...this.#lineOf(chunk.subarray(start, end)));
      start = end + 1;
    }
    // A line that is too long is kept only up to where that shows.
    if (this.#kept.length <= LINE_BYTES_MAX) {
      this.#kept = Buffer.concat([this.#kept, chunk.subarray(start)]);
    }
    return lines;
  }

  /** Returns the last line, if it lacks its newline. */
  end(): readonly AddLine[] {
    return this.#lineOf(Buffer.alloc(0));
  }

  #lineOf(end: Buffer): readonly AddLine[] {
    const bytes = Buffer.concat([this.#kept, end]);
    this.#kept = Buffer.alloc(0);
    this.#number++;
    if (bytes.length > LINE_BYTES_MAX) {
      const message = `Cannot use a line of more than ${LINE_BYTES_MAX} bytes`;
      return [{ number: this.#number, add: { code: "like_invalid", message } }];
    }
    const text = bytes.toString("utf8").trim();
    return text === "" ? [] : [{ number: this.#number, add: readAdd(text) }];
  }
}

/** Returns the likes that a line adds, or why it adds none. */
function readAdd(text: string): LineAdd | Refusal {
  try {
    const add = text.startsWith("{") ? readJson(text) : readWords(text);
    return checkEvent({ itemId: add.itemId, change: { kind: "add", likes: add.likes } }) ?? add;
  } catch (error) {
    if (!(error instanceof LikesError)) throw error;
    return { code: "like_invalid", message: error.message };
  }
}

function readWords(text: string): LineAdd {
  const [itemId = "", likes = "1", ...others] = text.split(/[ \t]+/u);
  if (others.length > 0) {
    const found = "it has more than two words; write an id with blanks as JSON";
    throw new LikesError("like_invalid", `Cannot use the line: ${found}`);
  }
  return { itemId, likes: BigInt(parseWhole(likes, 0, LIKES_PER_EVENT_MAX, "the likes")) };
}

/** Reads an object with `itemId` and `likes`, as `likes add --json` prints them. */
function readJson(text: string): LineAdd {
  const found = parsed(text);
  const unknown = Object.keys(found).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new LikesError(
      "like_invalid",
      `Cannot use the object: it has ${quote(unknown)}; ${GIVE}`,
    );
  }
  const { itemId, likes = 1 } = found;
  const isNumber = typeof likes === "number" || typeof likes === "string";
  if (typeof itemId !== "string" || !isNumber) {
    throw new LikesError("like_invalid", `Cannot use the object: ${GIVE}`);
  }
  const whole = parseWhole(String(likes), 0, LIKES_PER_EVENT_MAX, "the likes");
  return { itemId, likes: BigInt(whole) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>; // it begins with a brace
  } catch {
    throw new LikesError(
      "like_invalid",
      "Cannot use the line: it begins with { and is not valid JSON",
    );
  }
}
