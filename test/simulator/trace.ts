/** The trace of one seed: a line for each event, effect and fault, with its time and its process. */
import { createHash } from "node:crypto";
import type { Agenda } from "./agenda.ts";

/** Takes lines; nobody builds one unless there is a trace. */
export class Trace {
  readonly #agenda: Agenda;
  readonly #print: (line: string) => void;
  readonly #hash = createHash("sha256");

  constructor(agenda: Agenda, print: (line: string) => void) {
    this.#agenda = agenda;
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

  /** Names the whole of what was printed so far. */
  get digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }

  #line(name: string, kind: string, what: unknown): void {
    const time = this.#agenda.nowMs.toFixed(2).padStart(9);
    const line = `${time} ${name.padEnd(16)} ${kind} ${textOf(what)}`;
    this.#hash.update(`${line}\n`);
    this.#print(line);
  }
}

function textOf(what: unknown): string {
  if (typeof what === "string") return what;
  return JSON.stringify(what, shortened) ?? "";
}

/** Ids by their beginnings, bytes by their number. */
function shortened(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "string" && /^[0-9a-f]{32}$/.test(value)) return value.slice(0, 6);
  return value;
}
