import { fileURLToPath } from "node:url";
import { Child } from "../../src/demo/child.ts";
import type { ParentMessage } from "../../src/demo/child_channel.ts";
import { becomes } from "../fixtures/eventually.ts";
import { isAlive } from "../runner/process_group.ts";

/** What the children of these tests run. */
export const PROGRAM = fileURLToPath(new URL("child_program.ts", import.meta.url));
/** What it is told as soon as it listens. */
type Handshake = readonly ParentMessage[];

/** A child of `child_program.ts`, with what it and its keeper said. */
export class TestChild extends Child implements AsyncDisposable {
  readonly lines: string[];
  readonly told: string[];
  /** Its state at each change. */
  readonly states: string[];
  readonly #givenUp: { is: boolean };

  constructor(behaviour: string, handshake: Handshake = []) {
    const lines: string[] = [];
    const told: string[] = [];
    const states: string[] = [];
    const givenUp = { is: false };
    super({
      name: "someone",
      entry: PROGRAM,
      args: [behaviour],
      port: 0,
      handshake: () => handshake,
      log: (line) => lines.push(line),
      tell: (line) => told.push(line),
      onGivenUp: () => (givenUp.is = true),
      onChange: () => void states.push(this.view.state),
    });
    this.lines = lines;
    this.told = told;
    this.states = states;
    this.#givenUp = givenUp;
  }

  get isGivenUp(): boolean {
    return this.#givenUp.is;
  }

  get pids(): readonly number[] {
    return this.lines
      .flatMap((line) => /^forked someone: process (\d+)$/.exec(line)?.[1] ?? [])
      .map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await becomes("the end of the child", () => !this.pids.some(isAlive));
  }
}
