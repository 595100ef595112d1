/**
 * One Node put to the test: this Node from its npm package, a copy of the working tree, `npm ci` under
 * it, and the suite. Nothing of it is left afterwards.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { messageOf } from "../src/errors.ts";
import type { Totals } from "../test/runner/totals.ts";
import { nodePackage } from "./nodes.ts";
import { runStep } from "./run_step.ts";
import type { Step } from "./run_step.ts";
import { totalsOf } from "./trial_table.ts";
import type { NodeTrial } from "./trial_table.ts";

/** A step that takes longer hangs: on 2 cores the suite alone takes 5 minutes. */
const STEP_MAX_MS = 30 * 60_000;
/** Lines that are shown of a step that failed. */
const SHOWN_LINES_MAX = 60;
/** What npm tells the scripts of the package that it runs. The copy is another package. */
const OUTER_NPM =
  /^(?:npm_(?:package_|lifecycle_|command$|(?:node_)?execpath$|config_local)|NODE$|INIT_CWD$)/;

/** Where to try, and who hears of it. */
export interface TrialOptions {
  /** Folder of the repository. */
  readonly root: string;
  /** Parts of paths of test files; none for the whole suite. */
  readonly only: readonly string[];
  readonly print: (line: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

type Run = (cwd: string, command: string, ...args: readonly string[]) => Promise<Step>;

/** Tries the newest Node of the version `wanted`. */
export async function tryNode(wanted: string, options: TrialOptions): Promise<NodeTrial> {
  const { root, only, print, signal } = options;
  const folder = mkdtempSync(join(tmpdir(), "likes-matrix-"));
  const trial = {
    wanted,
    version: "",
    totals: undefined as Totals | undefined,
    problem: undefined as string | undefined,
    installMs: 0,
    suiteMs: 0,
  };
  try {
    const env = withoutOuterNpm(process.env);
    const node = await installNode(join(folder, "node"), wanted, stepsIn(env, options));
    const run = stepsIn(withNode(env, node), options);
    const copy = await copyTree(root, join(folder, "copy"), run);
    trial.version = (await run(copy, "node", "--version")).lines[0] ?? "";
    print(`${trial.version}, npm ci`);
    trial.installMs = (await run(copy, "npm", "ci", "--no-audit", "--no-fund")).ms;
    const suite = await runStep("npm", ["test", "--", ...only], {
      cwd: copy,
      env: withNode(env, node),
      limitMs: STEP_MAX_MS,
      signal,
      print,
    });
    trial.suiteMs = suite.ms;
    trial.totals = totalsOf(suite.lines);
    if (suite.code !== 0) trial.problem = `npm test ended with ${suite.code ?? "a signal"}`;
    else if (trial.totals === undefined) trial.problem = "npm test printed no totals";
  } catch (error) {
    trial.problem = messageOf(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return trial;
}

/** Steps that have to end well: one that does not is shown, and thrown as an error. */
function stepsIn(env: NodeJS.ProcessEnv, { print, signal }: TrialOptions): Run {
  return async (cwd, command, ...args) => {
    const step = await runStep(command, args, { cwd, env, signal, limitMs: STEP_MAX_MS });
    if (step.code === 0) return step;
    for (const line of step.lines.slice(-SHOWN_LINES_MAX)) print(line);
    throw new Error(`${[command, ...args].join(" ")} ended with ${step.code ?? "a signal"}`);
  };
}

/** Installs Node in `folder`; gives the folder of its package. */
async function installNode(folder: string, wanted: string, run: Run): Promise<string> {
  const name = nodePackage(process.platform, process.arch);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}\n");
  await run(folder, "npm", "i", "--no-save", "--no-audit", "--no-fund", `${name}@${wanted}`);
  return join(folder, "node_modules", name);
}

/** Copies what git keeps or would keep: the working tree without what was built. Returns `to`. */
async function copyTree(root: string, to: string, run: Run): Promise<string> {
  const { lines } = await run(
    root,
    "git",
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
  );
  for (const path of lines.filter((line) => existsSync(join(root, line)))) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(root, path), join(to, path));
  }
  return to;
}

/** The environment in which `node` is the Node of the package in `folder`, also for scripts of npm. */
function withNode(env: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  const path = `${join(folder, "bin")}${delimiter}${env["PATH"] ?? ""}`;
  return { ...env, PATH: path };
}

function withoutOuterNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OUTER_NPM.test(name)));
}
