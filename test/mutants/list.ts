/**
 * Every planted bug. The list was written from the pitfalls, the fault matrix and the laws, before
 * anybody looked at what the tests find; what the simulator found since is planted too. One that cannot
 * be told from the source by what it does has no place here.
 */
import { LEDGER_MUTANTS } from "./ledger_mutants.ts";
import { LIKES_SERVER_MUTANTS } from "./likes_server_mutants.ts";
import type { Mutant } from "./mutant.ts";
import { PRIMARY_MUTANTS } from "./primary_mutants.ts";
import { RPC_MUTANTS } from "./rpc_mutants.ts";
import { STORE_MUTANTS } from "./store_mutants.ts";
import { VERIFY_MUTANTS } from "./verify_mutants.ts";

/** The bugs. */
export const MUTANTS: readonly Mutant[] = [
  ...LEDGER_MUTANTS,
  ...PRIMARY_MUTANTS,
  ...LIKES_SERVER_MUTANTS,
  ...STORE_MUTANTS,
  ...RPC_MUTANTS,
  ...VERIFY_MUTANTS,
];

/** Changes nothing: it has to survive every suite, else a suite fails for another reason. */
export const IDENTITY: Mutant = {
  name: "identity",
  breaks: "nothing",
  file: "src/core/primary/primary.ts",
  edits: [],
  isSimulated: true,
  tests: [...new Set(MUTANTS.flatMap(({ tests }) => tests))],
};

/** What the canary says. A suite that fails otherwise has not run what was planted. */
export const CANARY_WORDS = "Assertion failed: the canary sings";

/** Fails on purpose, with words of its own: it has to be killed, else nothing that is planted runs. */
export const CANARY: Mutant = {
  name: "canary",
  breaks: "nothing: it throws, so that a suite has to fail",
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

/** The same for files of tests: the simulator would be the first to fail. */
export const CANARY_OF_TESTS: Mutant = {
  ...CANARY,
  name: "canary-of-tests",
  isSimulated: false,
  tests: ["test/core/primary/primary_test.ts"],
};

/** Whether a mutant of that name is no bug, but proves that planting and running tells the truth. */
export function isProof(name: string): boolean {
  return [CANARY, CANARY_OF_TESTS, IDENTITY].some((mutant) => mutant.name === name);
}
