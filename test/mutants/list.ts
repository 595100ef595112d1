/**
 * All planted bugs. They come from the pitfalls, the fault matrix and the laws, and were written
 * before the tests' findings were known. Bugs that the simulator has found since are planted too. A
 * mutant that behaves like the source does not belong here.
 */
import { LEDGER_MUTANTS } from "./ledger_mutants.ts";
import { LIKES_SERVER_MUTANTS } from "./likes_server_mutants.ts";
import type { Mutant } from "./mutant.ts";
import { PRIMARY_MUTANTS } from "./primary_mutants.ts";
import { RPC_MUTANTS } from "./rpc_mutants.ts";
import { STORE_MUTANTS } from "./store_mutants.ts";
import { VERIFY_MUTANTS } from "./verify_mutants.ts";
import { WEB_MUTANTS } from "./web_mutants.ts";

/** The bugs. */
export const MUTANTS: readonly Mutant[] = [
  ...LEDGER_MUTANTS,
  ...PRIMARY_MUTANTS,
  ...LIKES_SERVER_MUTANTS,
  ...STORE_MUTANTS,
  ...RPC_MUTANTS,
  ...VERIFY_MUTANTS,
  ...WEB_MUTANTS,
];

/** Changes no behavior. It must survive every suite; otherwise a suite fails for another reason. */
export const IDENTITY: Mutant = {
  name: "identity",
  breaks: "nothing",
  file: "src/core/primary/primary.ts",
  edits: [],
  isSimulated: true,
  tests: [...new Set(MUTANTS.flatMap(({ tests }) => tests))],
};

/** The canary's error. A suite that fails without this text has not run the planted code. */
export const CANARY_WORDS = "Assertion failed: the canary sings";

/** Fails on purpose with its own text. It must be killed; otherwise planted code does not run. */
export const CANARY: Mutant = {
  name: "canary",
  breaks: "nothing: it throws, so every suite must fail",
  file: "src/core/primary/primary.ts",
  edits: [
    [
      "    this.#take(event, nowMs);\n    this.#commitNext(nowMs);",
      `    throw new Error(${JSON.stringify(CANARY_WORDS)});`,
    ],
  ],
  isSimulated: true,
  tests: [],
};

/** A canary for the test files alone: the simulator would fail first. */
export const CANARY_OF_TESTS: Mutant = {
  ...CANARY,
  name: "canary-of-tests",
  isSimulated: false,
  tests: ["test/core/primary/primary_test.ts"],
};

/** Returns whether a mutant is a control: not a bug, but a proof that planting works. */
export function isProof(name: string): boolean {
  return [CANARY, CANARY_OF_TESTS, IDENTITY].some((mutant) => mutant.name === name);
}
