/** The trace of one seed: a line for each event, effect and fault, with its time and process. */
import { createHash } from "node:crypto";
import type { IncarnationState } from "../../src/core/likes_server/outbox.ts";
import type { Scheduler } from "./scheduler.ts";

/** Prints lines. Callers without a trace build none. */
export class Trace {
  readonly #scheduler: Scheduler;
  readonly #print: (line: string) => void;
  readonly #hash = createHash("sha256");

  constructor(scheduler: Scheduler, print: (line: string) => void) {
    this.#scheduler = scheduler;
    this.#print = print;
  }

  event(name: string, what: unknown): void {
    this.#line(name, "event ", what);
  }

  effect(name: string, what: unknown): void {
    this.#line(name, "effect", what);
  }

  fault(name: string, what: unknown): void {
    this.#line(name, "FAULT ", what);
  }

  /** Identifies everything printed so far. */
  get digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }

  #line(name: string, kind: string, what: unknown): void {
    const time = this.#scheduler.nowMs.toFixed(2).padStart(9);
    const line = `${time} ${name.padEnd(16)} ${kind} ${textOf(what)}`;
    this.#hash.update(`${line}\n`);
    this.#print(line);
  }
}

function textOf(what: unknown): string {
  if (typeof what === "string") return what;
  const text = JSON.stringify(what, shortened) ?? "";
  return text.replaceAll('"', "").slice(0, LINE_CHARS_MAX);
}

const LINE_CHARS_MAX = 1_000;
/** Fields that repeat others or do not help. */
const LEFT_OUT = new Set(["command", "serverId", "address", "protocolVersion", "digest", "codec"]);

/** Prints ids by their first digits, positions by sequence, and bytes and events by number. */
function shortened(key: string, value: unknown): unknown {
  if (LEFT_OUT.has(key) || value === false || value === undefined) return undefined;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value) && value.length === 0) return undefined;
  if (Array.isArray(value) && (key === "events" || key === "gains")) return value.length;
  if (typeof value === "string") return ID.test(value) ? value.slice(0, 6) : value;
  if (typeof value === "object" && value !== null) return shapeOf(value);
  return value;
}

const ID = /^[0-9a-f]{32}$/;

/** Prints a position, an incarnation of an outbox, a record or a range of events in a word. */
function shapeOf(value: object): unknown {
  if ("sequence" in value && "digest" in value) return `#${String(value.sequence)}`;
  if ("trimmed" in value && "last" in value && "incarnation" in value) {
    const { incarnation, trimmed, acknowledged, last, closed, parked } = value as IncarnationState;
    const ends = [trimmed, acknowledged, last].map(({ sequence }) => sequence).join("/");
    const marks = `${closed ? " closed" : ""}${parked === undefined ? "" : ` ${parked.kind}`}`;
    return `${incarnation.slice(0, 6)} ${ends}${marks}`;
  }
  if ("events" in value && "bytes" in value) return shortened("events", value.events);
  if ("first" in value && "last" in value) return `#${String(value.first)}-${String(value.last)}`;
  return value;
}
