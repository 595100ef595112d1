/** knip.jsonc finds what is planted: without it, an entry that is too wide would find nothing. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT_MS = 15_000;

const PLANTED = {
  "package.json": JSON.stringify({
    name: "planted",
    type: "module",
    bin: "./dist/src/main.js",
    dependencies: { protobufjs: "*" },
    devDependencies: { uvu: "*", prettier: "*" },
  }),
  "src/main.ts": 'import Long from "long";\nimport { used } from "./used.ts";\nused(Long);\n',
  "src/used.ts": [
    "export function used(_: unknown): void {}",
    "export const unused = 1;",
    "export type Unused = 1;",
    "export function tested(): void {}",
  ].join("\n"),
  "src/lonely.ts": "export const lonely = 1;\n",
  "tools/lonely.ts": "export const lonely = 1;\n",
  "test/used_test.ts": 'import "uvu";\nimport { tested } from "../src/used.ts";\ntested();\n',
};

test("knip.jsonc finds files, exports and dependencies when nobody uses them", async () => {
  await using folder = temporaryFolder();
  plant(folder.path);
  const found = ["src/lonely.ts", "tools/lonely.ts", "unused", "Unused", "protobufjs", "prettier"];
  assert.equal(report(folder.path), [...found, "long"].toSorted());
});

test("knip.jsonc finds what only tests use when it looks at what ships", async () => {
  await using folder = temporaryFolder();
  plant(folder.path);
  const found = ["src/lonely.ts", "tested", "unused", "Unused", "protobufjs", "long"];
  assert.equal(report(folder.path, "--production", "--strict"), found.toSorted());
});

function plant(folder: string): void {
  for (const [path, text] of Object.entries(PLANTED)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  for (const name of ["knip.jsonc", "tsconfig.json"]) {
    copyFileSync(join(ROOT, name), join(folder, name));
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
}

/** The names of all that knip finds. It exits 1 when it finds something. */
function report(folder: string, ...flags: readonly string[]): string[] {
  const bin = join(ROOT, "node_modules", "knip", "bin", "knip.js");
  const args = [bin, "--directory", folder, "--reporter", "json", ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: LIMIT_MS,
  });
  assert.is(status, 1, stdout + stderr);
  const { issues } = JSON.parse(stdout) as {
    issues: readonly Readonly<Record<string, readonly { name: string }[] | string>>[];
  };
  const named = issues.flatMap((issue) => Object.values(issue));
  return named
    .flatMap((one) => (typeof one === "string" ? [] : one.map(({ name }) => name)))
    .toSorted();
}

test.run();
