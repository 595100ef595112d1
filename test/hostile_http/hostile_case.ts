/** One hostile case: a connection with a mutated request, and what has to hold after it. */
import { setTimeout as pause } from "node:timers/promises";
import { PROBLEMS } from "../../src/web/problem.ts";
import { becomes } from "../fixtures/eventually.ts";
import { mutated, randomOf } from "../fixtures/mutation.ts";
import type { Random } from "../fixtures/mutation.ts";
import { KEY } from "../web/pages_fixture.ts";
import type { ServedPages } from "../web/pages_fixture.ts";
import { mutatedRequest } from "./mutations.ts";
import { answersIn } from "./raw_answer.ts";
import type { RawAnswer } from "./raw_answer.ts";
import { RawConnection, rawRequest } from "./raw_connection.ts";
import { bytesOf, validRequest } from "./valid_requests.ts";
import type { Persons } from "./valid_requests.ts";

/** How a connection ended: all was answered, the server hung up, or it waits for more. */
export type CaseEnd = "answered" | "ended" | "waiting";

/** What a case sends. */
export interface HostileCase {
  readonly bytes: Buffer;
  /** Whether it may be read as one request at most, apart from the last one. */
  readonly isOne: boolean;
  /** Whether its answers have no bodies. */
  readonly isHead: boolean;
}

/** The last request of each connection: its answer tells that all before it are over. */
const LAST = rawRequest("GET /v1/blog/likes/end/badge.svg?label=LAST", "", ["Connection: close"]);
/** A connection on which nothing has come for so long waits for more. */
const QUIET_MS = 100;
const GOOD = new Set([200, 201, 202, 204, 303, 304]);
const BAD = new Set(Object.values(PROBLEMS).map(({ status }) => status as number));
/** Statuses of Node's own, without a body: an Expect that it does not know, and a missing Host. */
const NODES_OWN = new Set([400, 417]);

/** Returns a case by its seed. */
export function caseOf(seed: number, number: number, persons: Persons): HostileCase {
  const random = randomOf(Math.imul(seed ^ Math.imul(number + 1, 0x9e3779b1), 0x85ebca6b));
  const parts = mutatedRequest(validRequest(persons, random), random, persons);
  const isHead = parts.method === "HEAD";
  const whole = bytesOf(parts);
  const kind = random();
  if (kind < 0.2 && !isHead) return { bytes: mutated(whole, random), isOne: false, isHead };
  if (kind < 0.3) {
    const copies = Array.from({ length: 1 + random() * 12 }, () => whole);
    return { bytes: Buffer.concat(copies), isOne: false, isHead };
  }
  return { bytes: whole, isOne: !parts.body.includes(" HTTP/"), isHead };
}

/** Sends a case, and checks all that has to hold. Throws with what does not. */
export async function runCase(
  pages: ServedPages,
  persons: Persons,
  hostile: HostileCase,
  random: Random,
): Promise<CaseEnd> {
  const { source, bugs } = pages;
  const before = [source.sets.length, source.adds.length, source.forgotten.length] as const;
  const { received, isClosed } = await send(pages.port, hostile.bytes, random);
  await settled(pages);
  const { answers, rest } = read(received, hostile.isHead, isClosed);
  const isWhole = answers.at(-1)?.body.includes("LAST") ?? false;
  // A stream of events has no end, and is cut.
  if (isClosed && rest !== "" && !rest.includes("text/event-stream"))
    fail(`it ends within an answer: ${rest.slice(0, 200)}`);
  for (const answer of answers) checkAnswer(answer);
  const sets = source.sets.slice(before[0]);
  const adds = source.adds.slice(before[1]);
  const forgotten = source.forgotten.slice(before[2]);
  checkPersons(persons, hostile.bytes.toString("latin1"), [...sets, ...forgotten]);
  const isBackend = hostile.bytes.includes(KEY);
  if (adds.length > 0 && !isBackend) fail("likes were added without the key");
  const changes = sets.length + adds.length + forgotten.length;
  const isDenied = answers.some(tellsNothingStored) && !answers.some(tellsOfChange);
  if (hostile.isOne && changes > 0 && isDenied) {
    fail(`${changes} changes, and the answer tells none: ${received}`);
  }
  if (isWhole && changes > 0 && !answers.some(tellsOfChange)) fail(`no answer tells: ${received}`);
  if (bugs.length > 0) throw new Error("Cannot go on: a bug", { cause: bugs.splice(0)[0] });
  return isWhole ? "answered" : isClosed ? "ended" : "waiting";
}

/** Sends bytes, some of them in pieces, and then the last request. */
async function send(port: number, bytes: Buffer, random: Random) {
  using connection = new RawConnection({ port });
  const pieces = random() < 0.1 ? 1 + Math.floor(random() * 4) : 1;
  const size = Math.ceil(bytes.length / pieces);
  for (let piece = 0; piece < pieces; piece++) {
    connection.send(bytes.subarray(piece * size, (piece + 1) * size));
    if (pieces > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  connection.send(LAST);
  let seen = -1;
  while (!connection.isClosed && seen < connection.received.length) {
    seen = connection.received.length;
    await Promise.race([pause(QUIET_MS), connection.closed]);
  }
  return { received: connection.received, isClosed: connection.isClosed };
}

/** Waits until the server has done what it got: other answers come after it, but checks of tokens. */
async function settled(pages: ServedPages): Promise<void> {
  const { text } = await pages.ask("GET", "/livez");
  if (text !== "ok\n") fail(`it is not alive: ${text}`);
  await becomes("all tokens checked", () => (checking.get(pages) ?? 0) === 0);
  await new Promise((resolve) => setImmediate(resolve));
}

/** Tokens that servers are checking. */
const checking = new WeakMap<ServedPages, number>();

/** Counts the tokens that a server is checking. */
export function countChecks(pages: ServedPages): void {
  const { tokens } = pages;
  const subjectOf = tokens.subjectOf.bind(tokens);
  const count = (more: number): void => void checking.set(pages, (checking.get(pages) ?? 0) + more);
  tokens.subjectOf = async (site, token) => {
    count(1);
    return subjectOf(site, token).finally(() => count(-1));
  };
}

function read(received: string, isHead: boolean, isClosed: boolean) {
  if (!isHead) return answersIn(received, [], isClosed);
  const heads = received.split(/HTTP\/1\.1 [2-5]/).length - 2;
  return answersIn(
    received,
    Array.from({ length: heads }, () => "HEAD"),
    isClosed,
  );
}

function checkAnswer({ status, fields, body }: RawAnswer): void {
  if (GOOD.has(status)) return;
  if (!BAD.has(status) && !NODES_OWN.has(status)) fail(`the status ${status}`);
  if (fields.get("content-type") !== "application/problem+json") {
    return NODES_OWN.has(status) && body === "" ? undefined : fail(`no problem: ${status} ${body}`);
  }
  if (body === "") return; // to HEAD
  const told = JSON.parse(Buffer.from(body, "latin1").toString()) as Record<string, unknown>;
  const isProblem = told["status"] === status && typeof told["type"] === "string";
  if (!isProblem || told["stored"] !== false || status === 500) fail(`the problem ${body}`);
}

/** Every person is one of a token that the request carries, or has just been made. */
function checkPersons(
  { subjects }: Persons,
  text: string,
  changes: readonly { readonly subject: string }[],
): void {
  const known = new Set(subjects.values());
  // The last character of base64 has bits that no byte has.
  const carried = [...subjects].filter(([token]) => text.includes(token.slice(0, -1)));
  const allowed = new Set(carried.map(([, subject]) => subject));
  for (const { subject } of changes) {
    const isNew = subject.startsWith("anonymous:") && !known.has(subject);
    const isNamed = text.includes(KEY);
    if (!allowed.has(subject) && !isNew && !isNamed) fail(`it changed likes of ${subject}`);
  }
}

function tellsNothingStored({ body }: RawAnswer): boolean {
  return /^\{"type".*"stored":false/s.test(body);
}

function tellsOfChange({ status, fields, body }: RawAnswer): boolean {
  return (
    fields.get("location") !== undefined ||
    /"outcome":"(?:stored|same|superseded|accepted)"/.test(body) ||
    (status < 300 && body === "")
  );
}

function fail(what: string): never {
  throw new Error(`Cannot accept it: ${what}`);
}

/** Returns the randomness of how a case is sent. */
export function sendingRandom(seed: number, number: number): Random {
  return randomOf(Math.imul(seed + number, 0xc2b2ae35));
}
