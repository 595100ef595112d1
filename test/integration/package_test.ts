/** What people install is all that they need, and nothing else: the package runs by itself. */
// tidy: own processes because it is not the build that runs here, but what is packed of it
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { messageOf } from "../../src/errors.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT_MS = 60_000;
/** An install fetches 100 packages, which takes as long as the registry does. */
const INSTALL_MAX_MS = 300_000;
const ALLOWED = [
  /^(?:README|CHANGELOG|SECURITY)\.md$/,
  /^(?:LICENSE|package\.json|oclif\.manifest\.json)$/,
  /^docs\/[\w/-]+\.(?:md|svg|txt)$/,
  /^proto\/likes\/v1\/\w+\.proto$/,
  /^bin\/likes$/,
  /^dist\/likes\.binpb$/,
  /^dist\/(?:src|commands)\/[\w/]+\.js$/,
];
/** In what is compiled, but not for people: types alone, and stores without a disk. */
const LEFT_OUT = /^dist\/src\/(?:rpc\/gen|store\/memory_)/;

const execute = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

interface Pack {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

test("package.json packs what people need when it is packed, and that runs", async () => {
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

test("package.json needs the registry alone: nothing is compiled, and no script runs", async () => {
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

async function packInto(folder: string): Promise<Pack> {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const { stdout } = await execute("npm", args, { cwd: ROOT, timeout: LIMIT_MS });
  const [pack] = JSON.parse(stdout) as Pack[];
  if (pack === undefined) throw new Error("npm packed nothing");
  return pack;
}

/** What the compiler makes of the source. */
function compiledOf(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `dist/${folder}/${name.replace(/\.ts$/, ".js")}`),
  );
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

/** Only what package.json lists can be imported: another package would not be found. */
function linkDependencies(installed: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(installed, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
}

/** Makes a folder that is a PATH of Node, npm and a shell. Gives it. */
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

/** Runs a short demonstration of the package in `installed`. Gives its verdict. */
async function demonstration(
  installed: string,
  folder: string,
): Promise<{ readonly exact: boolean }> {
  const where = ["--log-dir", join(folder, "logs"), "--data-dir", join(folder, "state")];
  const flags = ["--duration", "1s", "--servers", "2", "--port", "0", "--json", "--quiet"];
  const printed = await likes(installed, ["orchestrate", ...flags, ...where]);
  return JSON.parse(printed) as { readonly exact: boolean };
}

async function likes(installed: string, args: readonly string[]): Promise<string> {
  const main = join(installed, "dist", "src", "main.js");
  const { stdout } = await execute(process.execPath, [main, ...args], { timeout: LIMIT_MS });
  return stdout;
}

test.run();
