import { test } from "uvu";
import * as assert from "uvu/assert";
import { baselineOf, problemsOf, summaryOf } from "./judge.ts";
import { CANARY, CANARY_WORDS, IDENTITY } from "./list.ts";
import { SIMULATOR } from "./suites.ts";
import type { Outcome } from "./try_mutant.ts";

const A_TEST = "test/a_test.ts";

function outcome(name: string, killedBy?: string, changes: Partial<Outcome> = {}): Outcome {
  const how = killedBy === undefined ? "" : "1 failed";
  return { name, killedBy, how, isBroken: false, output: "", durationMs: 1, ...changes };
}

const SOUND = [
  outcome(CANARY.name, SIMULATOR, { output: `… ${CANARY_WORDS} …` }),
  outcome(IDENTITY.name),
  outcome("gap", SIMULATOR),
  outcome("wire", A_TEST),
];
const BASELINE = { gap: SIMULATOR, wire: A_TEST };

/** Returns the problems when `changed` replaces the outcome of its name. */
function problems(changed: Outcome) {
  const others = SOUND.filter(({ name }) => name !== changed.name);
  return problemsOf([...others, changed]);
}

test("problemsOf() is empty when all mutants are killed, by whichever suite", () => {
  assert.equal(problemsOf(SOUND), []);
  assert.equal(problems(outcome("wire", SIMULATOR)), []);
  assert.equal(problems(outcome("gap", A_TEST)), []);
});

test("problemsOf() names a survivor when no suite kills it", () => {
  assert.match(problems(outcome("wire"))[0] ?? "", "wire SURVIVED; add a test");
});

test("problemsOf() rejects a run whose canary survives, or whose identity is killed", () => {
  const unheard = "canary was not heard: what is planted is not what runs";
  assert.equal(problems(outcome(CANARY.name)), [unheard]);
  assert.equal(problems(outcome(CANARY.name, A_TEST)), [unheard], "it failed for another reason");
  const killed = problems(outcome(IDENTITY.name, A_TEST));
  assert.equal(killed, [`identity was killed by ${A_TEST}, 1 failed: the source fails as it is`]);
});

test("problemsOf() does not count a mutant that does not compile as killed", () => {
  const broken = problems(outcome("gap", SIMULATOR, { isBroken: true }));
  assert.equal(broken, ["gap is no program: mend its replacement"]);
});

test("baselineOf() lists each mutant's killer by name, without canary and identity", () => {
  const baseline = baselineOf([...SOUND, outcome("survivor"), outcome("a", A_TEST)], {});
  assert.is(JSON.stringify(baseline), JSON.stringify({ a: A_TEST, ...BASELINE }));
  const later = baselineOf([outcome("wire", SIMULATOR)], baseline);
  assert.equal(later, { ...baseline, wire: SIMULATOR }, "the others stay");
});

test("summaryOf() counts the mutants without canary and identity", () => {
  const summary = summaryOf([...SOUND, outcome("survivor")]);
  assert.is(summary, "2 killed, 1 survived (1 killed by the simulator)");
});

test.run();
