/**
 * A command never reads its caller's stdin, and reports output that cannot be written. The tests
 * check counts, not only exit codes.
 */
import { spawnSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { COMMANDS } from "../../commands/mod.ts";
import { MAIN } from "../fixtures/built.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { extent } from "../fixtures/extent.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import { SmallDisk } from "../fixtures/small_disk.ts";
import type { CommandResult } from "../fixtures/spawned.ts";

/** How often likes are added with data on stdin: a read there would happen only by chance. */
const RUNS = extent(2, 10);
/** How often the other commands run with data on stdin. */
const OTHER_RUNS = extent(1, 10);
const PAGE_BYTES = 4_096;
const LIKES = `'${process.execPath}' '${MAIN}'`;

test("no command consumes stdin, which is the rest of its caller's list", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const role = await counter.startAccepting("a");
  const at = `--server ${role.address}`;
  const primary = `--primary ${counter.primary}`;
  const state = `--data-dir ${counter.dataDir}`;
  const loops = [
    [`add "$i" ${at}`, 0, RUNS],
    [`add ${at}`, 2, OTHER_RUNS],
    [`count ${primary}`, 0, OTHER_RUNS],
    [`resolve ${state}`, 2, OTHER_RUNS],
    [`retire ${state}`, 2, OTHER_RUNS],
    [`backup ${state}`, 2, OTHER_RUNS],
    ["completion", 2, OTHER_RUNS],
    ["help", 0, OTHER_RUNS],
  ] as const;
  for (const [command, exit, runs] of loops) {
    // Numbers are valid items, likes and troubles: a command that reads one has an effect.
    const lines = Array.from({ length: runs }, (_, index) => `${index + 900}\n`).join("");
    const loop = `while read -r i; do ${LIKES} ${command} > /dev/null 2>&1; echo $?; done`;
    assert.is(shell(counter, ["-c", loop], lines).stdout, `${exit}\n`.repeat(runs), command);
  }
  const once = Array.from({ length: RUNS }, () => `${LIKES} add video ${at}\n`);
  const { stdout } = shell(counter, ["-s"], `${once.join("")}echo the last line\n`);
  assert.is(stdout.split("\n").at(-2), "the last line");
  assert.is(stdout.match(/accepted 1 like for video/g)?.length, RUNS);
  assert.is(await expectExact(counter, { a: role }, []), BigInt(2 * RUNS));
});

test("a command that cannot write its output says so and what it did, and exits 74", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const role = await counter.startAccepting("a");
  const full = commandsOf(counter, role);
  for (const [id, args] of Object.entries(full)) {
    const { code, stderr } = await printing(counter, args, "> /dev/full");
    assert.is(code, 74, `${id}: ${stderr}`);
    assert.match(stderr, /^Error: Cannot write the output: ENOSPC[^\n]*\n$/, id);
    if (id === "add") assert.match(stderr, "the output was: a #1 accepted 5 likes for video");
    if (id === "backup") assert.match(stderr, "the output was: primary: ledger with");
  }
  for (const args of [["--help"], ["--version"], ["add", "--help"]]) {
    assert.is((await printing(counter, args, "> /dev/full")).code, 74, args.join(" "));
  }
  const json = await printing(counter, [...full.add, "--json"], "> /dev/full");
  assert.is(json.code, 74);
  assert.match(json.stderr, "the output was: a #2 accepted 5 likes for video");
  assert.is(await expectExact(counter, { a: role }, []), 10n);
});

test("a failing command keeps its exit code when its error cannot be written either", async () => {
  await using counter = new Counter();
  const unreachable = ["count", "--primary", "127.0.0.1:1"];
  const json = await printing(counter, [...unreachable, "--json"], "> /dev/full");
  assert.is(json.code, 3);
  assert.match(
    json.stderr,
    /^Error: Cannot write the output: ENOSPC.*the output was: Cannot reach/,
  );
  assert.is((await printing(counter, unreachable, "2> /dev/full")).code, 3);
  assert.is((await printing(counter, ["nonsense"], "> /dev/full 2> /dev/full")).code, 2);
});

test("an added like is reported on stderr when the output pipe is closed", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const role = await counter.startAccepting("a");
  const add = ["add", "video", "5", "--server", role.address];
  const { code, stderr } = await printing(
    counter,
    [...add, "--json"],
    "> >(exec true)",
    "wait $!;",
  );
  assert.is(code, 141, stderr);
  assert.match(stderr, "the output was: a #1 accepted 5 likes for video");
});

test("a line that fits the disk only in part does not count as written", async () => {
  await using counter = new Counter();
  await using disk = SmallDisk.mount(join(counter.folder, "small"), 1);
  if (disk === undefined) return;
  const path = join(disk.path, "out.txt");
  writeFileSync(path, "x".repeat(PAGE_BYTES - 100)); // leaves room for 100 bytes
  disk.fill();
  const { code, stderr } = await printing(counter, ["--help"], `>> '${path}'`);
  assert.is(code, 74, stderr);
  assert.is(statSync(path).size, PAGE_BYTES, "a part was written");
});

test("a role keeps running when its output cannot be written", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const folders = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  const args = ["start-likes", "--id", "a", "--primary", counter.primary, ...folders];
  const role = counter.spawn(args, { through: through("> /dev/full") });
  await role.waitFor(/accepting likes/);
  const { code, signal } = await role.end("SIGTERM");
  assert.equal([code, signal], [0, null]);
});

/** The arguments of each command that prints something and ends by itself. */
function commandsOf(counter: Counter, { address }: Role) {
  const state = ["--data-dir", counter.dataDir];
  const primary = ["--primary", counter.primary];
  return {
    add: ["add", "video", "5", "--server", address],
    count: ["count", ...primary],
    status: ["status", ...primary],
    verify: ["verify", ...state],
    backup: ["backup", join(counter.folder, "copy"), ...state, "--id", "primary"],
    completion: ["completion", "bash"],
    help: ["help"],
  } satisfies Partial<Record<keyof typeof COMMANDS, readonly string[]>>;
}

/** Returns a shell command that redirects the output, runs `first`, and then the command. */
function printing(
  counter: Counter,
  args: readonly string[],
  where: string,
  first = "",
): Promise<CommandResult> {
  return counter.spawn(args, { through: through(where, first) }).result();
}

function through(where: string, first = ""): readonly string[] {
  return ["bash", "-c", `exec ${where}; ${first} exec "$@"`, "bash"];
}

function shell(counter: Counter, args: readonly string[], input: string) {
  const env = { ...process.env, XDG_STATE_HOME: counter.folder, HOME: counter.folder };
  return spawnSync("bash", args, { input, env, encoding: "utf8" });
}

test.run();
