/** Describes the machine and the versions, without which a figure means nothing. */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../test/fixtures/temporary_folder.ts";
import { preciseMs } from "./clock.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** The packages that matter for the program's speed. */
const PACKAGES = ["@grpc/grpc-js", "@photostructure/sqlite", "@oclif/core", "protobufjs"];
const SYNC_BYTES = 4_096;

/** The machine and the versions of a measurement. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** Load average over the last minute before the bench began. */
  readonly load: number;
  /** Appends of 4 KiB that the disk of the temporary files syncs per second, one by one. */
  readonly syncsPerS: number;
  readonly node: string;
  /** The source's commit; with `+` when there are uncommitted changes. */
  readonly commit: string;
  readonly packages: Readonly<Record<string, string>>;
}

/** Describes this machine. Writes to its disk for `syncForMs`. */
export async function machineOf(syncForMs: number): Promise<Machine> {
  const [load = 0] = loadavg();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e8) / 10,
    system: `${process.platform} ${release()} ${process.arch}`,
    load: Math.round(load * 10) / 10,
    syncsPerS: await measureSyncs(syncForMs),
    node: process.version,
    commit: commitOf(ROOT),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  };
}

/** Returns whether other load on this machine may distort the figures. */
function isBusy({ load, cores }: Machine): boolean {
  return load > cores / 4;
}

/** Returns lines of `name  value` for people. */
export function machineLines(machine: Machine): string[] {
  const { cpu, cores, memoryGb, system, load, syncsPerS, packages } = machine;
  const sync = `${Math.round(syncsPerS)} syncs/s, ${(1_000 / syncsPerS).toFixed(2)} ms each`;
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    `machine   ${cores} cores, ${cpu}, ${memoryGb} GB, ${system}`,
    `disk      ${sync}`,
    `load      ${load} before${isBusy(machine) ? ": BUSY with something else" : ""}`,
    `versions  likes ${machine.commit}, node ${machine.node}, ${versions.join(", ")}`,
    `date      ${machine.date}`,
  ];
}

async function measureSyncs(forMs: number): Promise<number> {
  await using folder = temporaryFolder();
  const descriptor = openSync(join(folder.path, "sync"), "w");
  const bytes = new Uint8Array(SYNC_BYTES);
  const startMs = preciseMs();
  let syncs = 0;
  while (preciseMs() - startMs < forMs) {
    writeSync(descriptor, bytes);
    fdatasyncSync(descriptor);
    syncs++;
  }
  closeSync(descriptor);
  return (syncs * 1_000) / (preciseMs() - startMs);
}

/** Returns the source's commit; `unknown` outside a repository. */
function commitOf(root: string): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "src", "commands", "package.json");
    return git("rev-parse", "--short", "HEAD") + (changed === "" ? "" : "+");
  } catch {
    return "unknown"; // no git, or an unpacked archive
  }
}

function versionOf(name: string): string {
  const path = join(ROOT, "node_modules", name, "package.json");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { readonly version: string };
  return version;
}
