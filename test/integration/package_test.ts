/** The package has everything that it needs to run, and nothing else. */
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT, demonstration, execute, likes, packInto, readManifest } from "../fixtures/packed.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const ALLOWED = [
  /^(?:README|CHANGELOG|SECURITY)\.md$/,
  /^(?:LICENSE|package\.json|oclif\.manifest\.json)$/,
  /^docs\/[\w/-]+\.(?:md|svg|txt)$/,
  /^proto\/likes\/v1\/\w+\.proto$/,
  /^bin\/likes$/,
  /^dist\/likes\.binpb$/,
  /^dist\/(?:src|commands)\/[\w/]+\.js$/,
];
/** Compiled modules that are not packed: modules with only types, and stores in memory. */
const LEFT_OUT = /^dist\/src\/(?:rpc\/gen|store\/(?:\w+\/)?memory_)/;

test("package.json packs what the commands need, and the package runs", async () => {
  await using folder = temporaryFolder();
  const pack = await packInto(folder.path);
  const paths = pack.files.map(({ path }) => path);
  for (const path of paths) {
    assert.ok(ALLOWED.some((pattern) => pattern.test(path)) && !LEFT_OUT.test(path), path);
  }
  for (const path of compiledOf(["src", "commands"]).filter((one) => !LEFT_OUT.test(one))) {
    assert.ok(paths.includes(path), path);
  }
  await execute("tar", ["-xzf", join(folder.path, pack.filename), "-C", folder.path]);
  const installed = join(folder.path, "package");
  const { version, dependencies } = readManifest(join(installed, "package.json"));
  linkDependencies(installed, Object.keys(dependencies));
  assert.match(await likes(installed, ["--version"]), `@likes/likes/${version} `);
  assert.is((await demonstration(installed, folder.path)).exact, true);
});

/** The compiler's output files. */
function compiledOf(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `dist/${folder}/${name.replace(/\.ts$/, ".js")}`),
  );
}

/** Links only the dependencies in package.json: importing any other package fails. */
function linkDependencies(installed: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(installed, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
}

test.run();
