/** What the project's own files promise: how strict the compiler is, and what the gate runs. */

/** What the compiler holds of the house style. A flag that is switched off would not be missed. */
const COMPILER_FLAGS = [
  "strict",
  "exactOptionalPropertyTypes",
  "noUncheckedIndexedAccess",
  "noImplicitOverride",
  "noImplicitReturns",
  "noFallthroughCasesInSwitch",
  "verbatimModuleSyntax",
  "erasableSyntaxOnly",
];

/** Flags that a compiler configuration does not set, or sets to something else than true. */
export function looseCompiler(options: Readonly<Record<string, unknown>>): string[] {
  const found = COMPILER_FLAGS.filter((flag) => options[flag] !== true);
  // What `strict` switches on can be switched off again, one by one.
  const off = Object.keys(options).filter((name) =>
    /^strict[A-Z]|^noImplicit(?:Any|This)$/.test(name),
  );
  return [
    ...found.map((flag) => `tsconfig.json: ${flag} is not set`),
    ...off.filter((name) => options[name] === false).map((name) => `tsconfig.json: ${name} is off`),
  ];
}

const GATES = /^(?:types|lint|format:check|tidy|unused|check:.+)$/;

/** Scripts that are gates, and that `npm run check` does not run. */
export function missingGates(scripts: Readonly<Record<string, string>>): string[] {
  const gates = (scripts["check"] ?? "").split(" && ");
  return Object.keys(scripts)
    .filter((name) => GATES.test(name) && !gates.includes(`npm run ${name}`))
    .map((name) => `package.json: check does not run ${name}`);
}
