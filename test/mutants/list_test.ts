import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CANARY, IDENTITY, MUTANTS } from "./list.ts";
import { plant } from "./mutant.ts";

const BASELINE = "test/mutants/baseline.json";
/** The required minimum. */
const MUTANTS_MIN = 30;

test("MUTANTS fit the source, each with a distinct change and name", () => {
  const planted = [CANARY, ...MUTANTS].map((mutant) => {
    const text = readFileSync(mutant.file, "utf8");
    const mutated = plant(mutant, text);
    assert.not.equal(mutated, text, mutant.name);
    assert.match(mutant.name, /^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    return `${mutant.file}\n${mutated}`;
  });
  assert.is(new Set(planted).size, planted.length);
  assert.is(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  assert.ok(MUTANTS.length >= MUTANTS_MIN);
});

test("MUTANTS name existing suites, and the identity runs all of them", () => {
  for (const { name, tests } of MUTANTS) {
    for (const path of tests) assert.ok(existsSync(path), `${name}: ${path}`);
  }
  const all = new Set(MUTANTS.flatMap(({ tests }) => tests));
  assert.equal(new Set(IDENTITY.tests), all);
});

test("MUTANTS and the baseline have the same names", () => {
  const listed = Object.keys(JSON.parse(readFileSync(BASELINE, "utf8")) as object);
  assert.equal(listed.toSorted(), MUTANTS.map(({ name }) => name).toSorted());
});

test.run();
