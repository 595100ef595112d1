import { fileURLToPath } from "node:url";
import { Child } from "../../src/demo/child.ts";
import type { ParentMessage } from "../../src/demo/child_channel.ts";
import { becomes } from "../fixtures/eventually.ts";
import { isAlive } from "../runner/process_group.ts";

/** The program that these children run. */
export const PROGRAM = fileURLToPath(new URL("child_program.ts", import.meta.url));
/** Messages sent whenever the child begins to listen. */
type Orders = readonly ParentMessage[];

/** A child that runs `child_program.ts`, with the lines logged and announced. */
export class TestChild extends Child implements AsyncDisposable {
  readonly lines: string[];
  readonly announced: string[];
  /** Its state at each change. */
  readonly states: string[];
  readonly #givenUp: { is: boolean };

  constructor(behavior: string, orders: Orders = []) {
    const lines: string[] = [];
    const announced: string[] = [];
    const states: string[] = [];
    const givenUp = { is: false };
    super({
      name: "someone",
      entry: PROGRAM,
      args: [behavior],
      port: 0,
      orders: () => orders,
      log: (line) => lines.push(line),
      announce: (line) => announced.push(line),
      onGivenUp: () => (givenUp.is = true),
      onChange: () => void states.push(this.view.state),
    });
    this.lines = lines;
    this.announced = announced;
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
