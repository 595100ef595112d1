import { fileURLToPath } from "node:url";
import { Child } from "../../src/orchestrator/child.ts";
import type { ParentMessage } from "../../src/orchestrator/child_channel.ts";
import { becomes } from "../fixtures/eventually.ts";
import { isAlive } from "../runner/process_group.ts";

/** What the children of these tests run. */
export const PROGRAM = fileURLToPath(new URL("child_program.ts", import.meta.url));

/** A child of `child_program.ts`, with what it and its keeper said. */
export class TestChild extends Child implements AsyncDisposable {
  readonly lines: string[];
  readonly told: string[];
  readonly #givenUp: { is: boolean };

  constructor(behaviour: string, greeting?: ParentMessage) {
    const lines: string[] = [];
    const told: string[] = [];
    const givenUp = { is: false };
    super({
      name: "someone",
      entry: PROGRAM,
      args: [behaviour],
      port: 0,
      greeting: () => greeting,
      log: (line) => lines.push(line),
      tell: (line) => told.push(line),
      onGivenUp: () => (givenUp.is = true),
    });
    this.lines = lines;
    this.told = told;
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
