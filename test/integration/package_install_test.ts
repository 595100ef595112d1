/** Installing the package needs only the registry. */
// nightly because it fetches 100 packages
import { existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { messageOf } from "../../src/errors.ts";
import { ROOT, demonstration, execute, packInto, readManifest } from "../fixtures/packed.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

/** An install depends on the speed of the registry. */
const INSTALL_MAX_MS = 300_000;

test("package.json installs from the registry alone, without compiling or running scripts", async () => {
  await using folder = temporaryFolder();
  const env = { ...process.env, PATH: withoutCompiler(join(folder.path, "bin")) };
  const npm = (...args: readonly string[]) =>
    execute("npm", args, { cwd: folder.path, env, timeout: INSTALL_MAX_MS });
  const found = await npm("ping", "--fetch-retries=0").catch(messageOf);
  if (typeof found === "string") {
    console.log(`skipped: the registry is out of reach: ${found}`);
    return;
  }
  const { filename } = await packInto(folder.path);
  writeFileSync(join(folder.path, "package.json"), "{}");
  const quiet = ["--no-audit", "--no-fund"];
  await npm("install", "--ignore-scripts", ...quiet, join(folder.path, filename));
  const { name } = readManifest(join(ROOT, "package.json"));
  assert.is(
    (await demonstration(join(folder.path, "node_modules", name), folder.path)).exact,
    true,
  );
});

/** Makes a folder to use as PATH, with only Node, npm and a shell. Returns it. */
function withoutCompiler(folder: string): string {
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, "node"));
  for (const name of ["npm", "sh"]) symlinkSync(programOf(name), join(folder, name));
  return folder;
}

function programOf(name: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is in PATH`);
  return realpathSync(found);
}

test.run();
