import { test } from "uvu";
import * as assert from "uvu/assert";
import { looseCompiler, missingGates } from "./tidy_project.ts";

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
};

test("looseCompiler() names a flag when it is absent or off", () => {
  assert.equal(looseCompiler(STRICT), []);
  for (const flag of Object.keys(STRICT)) {
    assert.is(looseCompiler({ ...STRICT, [flag]: false }).length, 1, flag);
    assert.is(looseCompiler({ ...STRICT, [flag]: undefined }).length, 1, flag);
  }
});

test("looseCompiler() names a part of strict when it is switched off again", () => {
  for (const flag of ["strictNullChecks", "noImplicitAny", "strictPropertyInitialization"]) {
    assert.is(looseCompiler({ ...STRICT, [flag]: false }).length, 1, flag);
  }
});

test("missingGates() names a gate when check does not run it", () => {
  const scripts = { types: "a", "check:b": "b", build: "c", check: "npm run types" };
  assert.equal(missingGates(scripts), ["package.json: check does not run check:b"]);
  assert.equal(missingGates({ ...scripts, check: "npm run types && npm run check:b" }), []);
});

test.run();
