/**
 * The scripts of `likes completion` in real shells. bash is always tested, zsh and fish where they
 * are installed. A missing shell is printed.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../commands/mod.ts";
import { run } from "../fixtures/spawned.ts";

const FILE = fileURLToPath(new URL("../../LICENSE", import.meta.url));
const SHELL_LIMIT_MS = 20_000;

test("bash completes commands, flags and values when likes is typed", async () => {
  const script = await scriptOf("bash");
  const typed = [
    [["or"], "orchestrate"],
    [["st"], "start-likes start-primary status"],
    [["status", "--o"], "--once"],
    [["start-likes", "--in"], "--insecure --interval-min --interval-max"],
    [["completion", ""], "bash zsh fish"],
    [["help", "cou"], "count"],
    [["start-primary", "--data-dir", "/us"], "/usr"],
    [["start-primary", "--data-dir", "=", "/us"], "/usr"],
    [["verify", "--clients", FILE.slice(0, -2)], FILE],
    [["verify", "--ledger", "=", FILE.slice(0, -2)], FILE],
    [["backup", "/us"], "/usr"],
    [["key", "blog", "--re"], "--remove"],
    [["key", ""], ""],
    [["status", "--primary", ""], ""],
    [["add", ""], ""],
    [["nonsense", "--"], ""],
  ] as const;
  const lines = typed.map(([words]) => {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const state = `COMP_WORDS=(likes ${quoted}); COMP_CWORD=${words.length}`;
    return `${state}; _likes; echo "\${COMPREPLY[*]}"`;
  });
  const { stdout, stderr } = shell("bash", ["--norc", "-c", `${script}\n${lines.join("\n")}`]);
  assert.is(stderr, "");
  assert.is(stdout, typed.map(([, completed]) => `${completed}\n`).join(""));
});

test("bash prints no error when Tab is pressed on a terminal", async () => {
  const script = await scriptOf("bash");
  const rc = `eval "$LIKES_SCRIPT"; bind 'set show-all-if-ambiguous on'; PS1='> '`;
  const { stdout } = spawnSync("script", ["-qec", `bash --norc -i`, "/dev/null"], {
    input: `${rc}\nlikes or\t--seed\nexit\n`,
    env: { ...process.env, LIKES_SCRIPT: script, TERM: "dumb" },
    encoding: "utf8",
    timeout: SHELL_LIMIT_MS,
  });
  assert.match(stdout, "likes orchestrate --seed");
});

test("zsh completes commands and flags when it is installed", async () => {
  const script = await scriptOf("zsh");
  if (isMissing("zsh")) return;
  // Each read waits for the expected output, because a shell may be slow.
  const typed = `zmodload zsh/zpty; zpty -b z zsh -f -i; zpty -w z "$LIKES_SETUP"
    zpty -r z seen '*ready2*'; zpty -w -n z $'likes or\\t'
    zpty -r z seen '*orchestrate*'; print -r -- $seen; zpty -w -n z $'--see\\t'
    zpty -r z seen '*--seed*'; print -r -- $seen`;
  const init = "PS1='> '; autoload -Uz compinit; compinit -u -D";
  const setup = `${init}; eval "$LIKES_SCRIPT"; print ready$((1+1))`;
  const env = { LIKES_SCRIPT: script, LIKES_SETUP: setup };
  const { stdout, signal } = shell("zsh", ["-f", "-c", typed], env);
  assert.is(signal, null, "both words were completed in time");
  assert.match(stdout, /orchestrate[^]*--seed/);
});

test("fish completes commands, flags and values when it is installed", async () => {
  const script = await scriptOf("fish");
  if (isMissing("fish")) return;
  const asked = [
    ["likes or", /^orchestrate\t/],
    ["likes status --o", /^--once\tone answer/m],
    ["likes completion ", /^bash\nfish\nzsh$/m],
    ["likes start-primary --data-dir /us", /^\/usr\//m],
    [`likes verify --clients ${FILE.slice(0, -2)}`, new RegExp(`^${FILE}$`, "m")],
    ["likes backup /us", /^\/usr\//m],
  ] as const;
  for (const [line, expected] of asked) {
    const { stdout } = shell("fish", ["-N", "-c", `${script}\ncomplete -C '${line}'`]);
    assert.match(stdout, expected, line);
  }
});

test("the script of each shell contains every command", async () => {
  for (const name of ["bash", "zsh", "fish"]) {
    const script = await scriptOf(name);
    for (const id of Object.keys(COMMANDS)) assert.match(script, id);
    assert.not.match(script, "supervised");
  }
});

async function scriptOf(name: string): Promise<string> {
  const { code, stdout, stderr } = await run(["completion", name], {});
  assert.is(code, 0, stderr);
  return stdout;
}

function shell(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(name, args, {
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: SHELL_LIMIT_MS,
  });
}

function isMissing(name: string): boolean {
  const missing = shell(name, ["--version"]).error !== undefined;
  if (missing) console.log(`${name} is not installed: its script is not tested here`);
  return missing;
}

test.run();
