/** Adds the likes of many lines, one batch after the other. */
import { setTimeout } from "node:timers/promises";
import { AddLines } from "../src/cli/add_lines.ts";
import type { AddLine, LineAdd } from "../src/cli/add_lines.ts";
import { FAULTS, LikesError, messageOf } from "../src/errors.ts";
import type { FaultCode, Refusal } from "../src/errors.ts";
import { ADDS_MAX, BACKOFF_FIRST_MS } from "../src/limits.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { leavesInDoubt } from "../src/rpc/faults.ts";
import type { Operation } from "../src/core/protocol/operation.ts";
import type { LikesClient, SentAdd } from "../src/rpc/client/likes_client.ts";
import { formatCount } from "../src/text/numbers.ts";

/** Lines that a message names one by one. */
const LINES_SHOWN_MAX = 5;
/** Statuses of a refusal that may pass: the same add can be sent again. */
const PASSING: readonly string[] = ["UNAVAILABLE", "RESOURCE_EXHAUSTED"];

/** An add that is on the disk of a LikesServer. */
export interface Accepted extends SentAdd {
  readonly serverId: string;
  readonly incarnation: string;
  readonly sequence: number;
}

/** A line that was refused. Its likes may be added only if the fault leaves the outcome unknown. */
export interface RefusedLine {
  readonly number: number;
  readonly refusal: Refusal;
}

/** What became of some lines. */
export interface Answered {
  readonly accepted: readonly Accepted[];
  readonly refused: readonly RefusedLine[];
}

/** How lines are sent. */
export interface Sending {
  /** Names line 1, and with its number each other line; undefined for lines without names. */
  readonly operation?: Operation | undefined;
  /** How long a batch may take, with its repetitions. */
  readonly timeoutMs: number;
}

/** Where the lines go. */
export interface AddFromOptions extends Sending {
  readonly client: Pick<LikesClient, "addLikesBatch">;
  /** Called after each answer. */
  readonly onAnswered: (answered: Answered) => void;
  /** Called with the bytes whose lines are answered. */
  readonly onProgress: (bytes: number) => void;
}

interface SentLine {
  readonly number: number;
  readonly add: SentAdd;
}

/**
 * Adds the lines of `input`, in order, and waits for each batch. A chunk that has arrived is sent
 * at once, so a slow input waits for no full batch. What may pass is tried again until the batch's
 * timeout. Throws LikesError, which names the lines that are not added or may be.
 */
export async function addFrom(
  input: AsyncIterable<Buffer>,
  options: AddFromOptions,
): Promise<void> {
  const lines = new AddLines();
  let bytes = 0;
  for await (const chunk of readable(input)) {
    bytes += chunk.length;
    await addLines(lines.take(chunk), options);
    options.onProgress(bytes);
  }
  await addLines(lines.end(), options);
}

/** Yields what `input` yields. Throws LikesError `usage` when it cannot be read. */
async function* readable(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* input;
  } catch (error) {
    throw new LikesError("usage", `Cannot read more lines: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns the add of a line. `operation` names line 1. */
function named(add: LineAdd, line: number, operation: Operation | undefined): SentAdd {
  if (operation === undefined) return add;
  const { client, number } = operation;
  return { ...add, operation: { client, number: number + line - 1 } };
}

async function addLines(lines: readonly AddLine[], options: AddFromOptions): Promise<void> {
  for (let start = 0; start < lines.length; start += ADDS_MAX) {
    const batch: SentLine[] = [];
    const refused: RefusedLine[] = [];
    for (const { number, add } of lines.slice(start, start + ADDS_MAX)) {
      if ("code" in add) refused.push({ number, refusal: add });
      else batch.push({ number, add: named(add, number, options.operation) });
    }
    if (refused.length > 0) options.onAnswered({ accepted: [], refused });
    await addBatch(batch, options);
  }
}

/** Sends a batch, and again what was refused for now. */
async function addBatch(batch: readonly SentLine[], options: AddFromOptions): Promise<void> {
  const untilMs = monotonicMs() + options.timeoutMs;
  let waiting = batch;
  for (let pauseMs = BACKOFF_FIRST_MS; waiting.length > 0; pauseMs *= 2) {
    const passing = await send({ lines: waiting, batch }, untilMs, options);
    const [first] = passing;
    if (first === undefined) return;
    if (monotonicMs() + pauseMs >= untilMs) throw stopped(first.refusal, passing, batch);
    const numbers = new Set(passing.map(({ number }) => number));
    waiting = waiting.filter(({ number }) => numbers.has(number));
    await setTimeout(pauseMs);
  }
}

/** Sends lines once. Returns those that were refused for now. */
async function send(
  { lines, batch }: { readonly lines: readonly SentLine[]; readonly batch: readonly SentLine[] },
  untilMs: number,
  { client, onAnswered }: AddFromOptions,
): Promise<readonly RefusedLine[]> {
  const adds = lines.map(({ add }) => add);
  const leftMs = Math.max(untilMs - monotonicMs(), 1);
  try {
    const { serverId, outcomes } = await client.addLikesBatch(adds, leftMs);
    const accepted: Accepted[] = [];
    const refused: RefusedLine[] = [];
    for (const [index, { number, add }] of lines.entries()) {
      const outcome = outcomes[index];
      if (outcome?.type === "accepted") {
        const { incarnation, sequence } = outcome;
        accepted.push({ ...add, serverId, incarnation, sequence });
      } else if (outcome !== undefined) refused.push({ number, refusal: outcome.refusal });
    }
    const isPassing = ({ refusal }: RefusedLine): boolean => mayPass(refusal.code);
    onAnswered({ accepted, refused: refused.filter((line) => !isPassing(line)) });
    return refused.filter(isPassing);
  } catch (error) {
    if (!(error instanceof LikesError)) throw error;
    const { code, message } = error;
    if (!mayPass(code)) throw stopped({ code, message }, lines, batch);
    return lines.map(({ number }) => ({ number, refusal: { code, message } }));
  }
}

/** Returns whether an add was not stored, and can be sent again with success. */
function mayPass(code: FaultCode): boolean {
  return PASSING.includes(FAULTS[code].status);
}

/** Returns the error that ends all: `lines` of `batch` are not added, or may be. */
function stopped(
  { code, message }: Refusal,
  lines: readonly { readonly number: number }[],
  batch: readonly SentLine[],
): LikesError {
  const found = leavesInDoubt(code) ? "may be added" : "not added";
  const [first, last] = [batch[0], batch.at(-1)].map((line) => formatCount(line?.number ?? 0));
  const range = first === last ? `line ${first}` : `lines ${first} to ${last}`;
  const text =
    lines.length === batch.length
      ? `${range}: ${found}; no later line is added`
      : `${linesText(lines)}: ${found}; all other lines up to ${last} are done, and no later one`;
  return new LikesError(code, `${message}\n${text}`);
}

/** Writes the numbers of the first few lines. */
function linesText(lines: readonly { readonly number: number }[]): string {
  const shown = lines.slice(0, LINES_SHOWN_MAX).map(({ number }) => formatCount(number));
  const more = lines.length - shown.length;
  return `line${lines.length === 1 ? "" : "s"} ${shown.join(", ")}${more > 0 ? ` and ${formatCount(more)} more` : ""}`;
}

/** Collects refused lines. It keeps the first few of them. */
export class Refusals {
  count = 0;
  readonly #kept: RefusedLine[] = [];
  #code: FaultCode | undefined;

  add(line: RefusedLine): void {
    const { code } = line.refusal;
    this.count++;
    if (this.#kept.length < LINES_SHOWN_MAX) this.#kept.push(line);
    // A line that may be added decides: sending it again may count twice.
    if (this.#code === undefined || leavesInDoubt(code)) this.#code = code;
  }

  /** Returns `thrown`, or the error of the refused lines; undefined when nothing failed. */
  errorWith(thrown: LikesError | undefined): LikesError | undefined {
    if (this.#code === undefined) return thrown;
    const title = this.count === 1 ? "1 line is" : `${formatCount(this.count)} lines are`;
    const shown = this.#kept.map(({ number, refusal }) => `line ${number}: ${refusal.message}`);
    const more = this.count - shown.length;
    const texts = more > 0 ? [...shown, `and ${formatCount(more)} more`] : shown;
    const refused = [`Cannot add all lines: ${title} refused`, ...texts].join("\n");
    if (thrown === undefined) return new LikesError(this.#code, refused);
    const code = leavesInDoubt(this.#code) ? this.#code : thrown.code;
    return new LikesError(code, `${thrown.message}\n${refused}`, { cause: thrown });
  }
}
