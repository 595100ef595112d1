/** Adds the likes of many lines, one batch after the other. */
import { setTimeout } from "node:timers/promises";
import { AddLines } from "../src/cli/add_lines.ts";
import type { AddLine, LineAdd } from "../src/cli/add_lines.ts";
import { FAULTS, LikesError } from "../src/errors.ts";
import type { FaultCode, Refusal } from "../src/errors.ts";
import { ADDS_MAX, BACKOFF_FIRST_MS } from "../src/limits.ts";
import { monotonicMs } from "../src/monotonic.ts";
import type { LikesClient } from "../src/rpc/client/likes_client.ts";
import { formatCount } from "../src/text/numbers.ts";

/** Refused lines that are shown one by one. */
const REFUSED_SHOWN_MAX = 5;
/** Statuses of a refusal that may pass: the same add can be sent again. */
const PASSING = ["UNAVAILABLE", "RESOURCE_EXHAUSTED"];

/** An add that is on the disk of a LikesServer. */
export interface Accepted extends LineAdd {
  readonly serverId: string;
  readonly incarnation: string;
  readonly sequence: number;
}

/** A line whose likes were not added. */
export interface RefusedLine {
  readonly number: number;
  readonly refusal: Refusal;
}

/** Where the lines go. */
export interface AddFromOptions {
  readonly client: Pick<LikesClient, "addLikesBatch">;
  /** How long a batch may take, with its repetitions. */
  readonly timeoutMs: number;
  readonly onAccepted: (accepted: Accepted) => void;
  readonly onRefused: (line: RefusedLine) => void;
  /** Called after each batch, with the bytes read so far. */
  readonly onProgress: (bytes: number) => void;
}

interface SentLine {
  readonly number: number;
  readonly add: LineAdd;
}

/**
 * Adds the lines of `input`, in order, and waits for each batch. A chunk that has arrived is sent
 * at once, so a slow input waits for no full batch. A refusal that may pass is tried again until
 * the batch's timeout. Throws LikesError, which names the lines whose outcome is unknown.
 */
export async function addFrom(
  input: AsyncIterable<Buffer>,
  options: AddFromOptions,
): Promise<void> {
  const lines = new AddLines();
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    await addLines(lines.take(chunk), options);
    options.onProgress(bytes);
  }
  await addLines(lines.end(), options);
}

async function addLines(lines: readonly AddLine[], options: AddFromOptions): Promise<void> {
  for (let start = 0; start < lines.length; start += ADDS_MAX) {
    const batch: SentLine[] = [];
    for (const { number, add } of lines.slice(start, start + ADDS_MAX)) {
      if ("code" in add) options.onRefused({ number, refusal: add });
      else batch.push({ number, add });
    }
    await addBatch(batch, options);
  }
}

/** Sends a batch, and again what was refused for now. */
async function addBatch(batch: readonly SentLine[], options: AddFromOptions): Promise<void> {
  const untilMs = monotonicMs() + options.timeoutMs;
  let waiting = batch;
  for (let pauseMs = BACKOFF_FIRST_MS; waiting.length > 0; pauseMs *= 2) {
    const refused = await send(waiting, untilMs, options);
    const isLate = monotonicMs() + pauseMs >= untilMs;
    const passing = isLate ? [] : refused.filter(({ refusal }) => mayPass(refusal.code));
    const numbers = new Set(passing.map(({ number }) => number));
    for (const line of refused) if (!numbers.has(line.number)) options.onRefused(line);
    waiting = waiting.filter(({ number }) => numbers.has(number));
    if (waiting.length > 0) await setTimeout(pauseMs);
  }
}

function mayPass(code: FaultCode): boolean {
  return PASSING.includes(FAULTS[code].status);
}

/** Sends lines once. Returns those that were refused. */
async function send(
  lines: readonly SentLine[],
  untilMs: number,
  { client, onAccepted }: AddFromOptions,
): Promise<readonly RefusedLine[]> {
  const refused: RefusedLine[] = [];
  const adds = lines.map(({ add }) => add);
  const { serverId, outcomes } = await client
    .addLikesBatch(adds, Math.max(untilMs - monotonicMs(), 1))
    .catch((error: unknown) => {
      throw located(error, lines);
    });
  for (const [index, outcome] of outcomes.entries()) {
    const line = lines[index];
    if (line === undefined) continue;
    const { number, add } = line;
    if (outcome.type === "refused") refused.push({ number, refusal: outcome.refusal });
    else {
      const { incarnation, sequence } = outcome;
      onAccepted({ ...add, serverId, incarnation, sequence });
    }
  }
  return refused;
}

/** Returns a failed call's error with the lines that it concerns. */
function located(error: unknown, lines: readonly SentLine[]): unknown {
  if (!(error instanceof LikesError)) return error;
  const [first = 0, last = 0] = [lines[0]?.number, lines.at(-1)?.number];
  const range = `lines ${formatCount(first)} to ${formatCount(last)}`;
  const found = error.code === "outcome_unknown" ? "may be added" : "are not added";
  const message = `${error.message}; ${range} ${found}, and no later ones`;
  return new LikesError(error.code, message, { cause: error });
}

/** Returns the error for refused lines: the first few of them, and the way out of the first. */
export function refusedLines(refused: readonly RefusedLine[], count: number): LikesError {
  const shown = refused.map(({ number, refusal }) => `line ${number}: ${refusal.message}`);
  const more = count - shown.length;
  const texts = more > 0 ? [...shown, `and ${formatCount(more)} more`] : shown;
  const code = refused[0]?.refusal.code ?? "like_invalid";
  const lines = count === 1 ? "1 line" : `${formatCount(count)} lines`;
  return new LikesError(code, `Cannot add ${lines}; all others are added\n${texts.join("\n")}`);
}

/** Collects refused lines, of which it keeps a few. */
export class Refusals {
  count = 0;
  readonly #kept: RefusedLine[] = [];

  add(line: RefusedLine): void {
    this.count++;
    if (this.#kept.length < REFUSED_SHOWN_MAX) this.#kept.push(line);
  }

  /** Throws the error for the refused lines, if there are any. */
  throwIfAny(): void {
    if (this.count > 0) throw refusedLines(this.#kept, this.count);
  }
}
