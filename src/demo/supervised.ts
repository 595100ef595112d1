/**
 * Runs a role that `likes orchestrate` forked: a user's command line, and `--supervised`.
 *
 * The parent has checked the flags, and passes every one that matters. Node's own parser therefore
 * reads them. With oclif, a third of the processor time until a role listens is that of oclif. An
 * orchestrated run starts eleven roles.
 */
import { parseArgs } from "node:util";
import { assert } from "../assert.ts";
import { formatAddress } from "../text/address.ts";
import { parseDuration } from "../text/duration.ts";
import { StopSignals } from "../cli/signals.ts";
import { EXIT, LikesError, messageOf } from "../errors.ts";
import { expectParent, followParent, sendToParent } from "./child_channel.ts";
import type { ChildCommands } from "./child_channel.ts";

/** Children serve this machine only. */
const HOST = "127.0.0.1";
const SUPERVISED = "--supervised";

/** Output of a child. */
export interface SupervisedOutput {
  /** Prints a line to stdout. */
  readonly print: (line: string) => void;
  /** Ends the process and prints the reason. After a failed store it may send nothing more. */
  readonly fail: (error: unknown) => void;
}

/** A started role. */
interface Started {
  readonly port: number;
  stop(): Promise<unknown>;
}

/** Returns whether `argv`, the words after `likes`, starts a role for a parent. */
export function isSupervised(argv: readonly string[]): boolean {
  return ROLES.has(argv[0] ?? "") && argv.at(-1) === SUPERVISED;
}

/** Runs the role in `argv` until its parent stops it or is gone. Throws LikesError. */
export async function runSupervised(
  argv: readonly string[],
  output: SupervisedOutput,
): Promise<void> {
  expectParent();
  const [command = "", ...args] = argv;
  const start = ROLES.get(command);
  assert(start !== undefined, `${command} is a role`);
  const signals = new StopSignals(() => process.exit(EXIT.interrupted));
  const role = await start(args, output);
  const address = formatAddress({ host: HOST, port: role.port });
  output.print(`listening ${address}`);
  sendToParent({ type: "listening", address });
  await signals.first;
  await role.stop();
  process.exit();
}

const ROLE_FLAGS = {
  supervised: { type: "boolean" },
  "data-dir": { type: "string" },
  "log-dir": { type: "string" },
  port: { type: "string" },
} as const;

async function startPrimaryRole(
  args: readonly string[],
  output: SupervisedOutput,
): Promise<Started> {
  const flags = read(() => parseArgs({ args: [...args], options: ROLE_FLAGS }).values);
  const { startPrimary } = await import("../roles/primary.ts");
  const { ledgerIn } = await import("../roles/open_ledger.ts");
  const { openLogFile, PRIMARY_LOG_NAME } = await import("../log/log_file.ts");
  const log = openLogFile(required("log-dir", flags["log-dir"]), PRIMARY_LOG_NAME);
  const dataDir = required("data-dir", flags["data-dir"]);
  const primary = await startPrimary({
    host: HOST,
    port: Number(required("port", flags.port)),
    openLedger: ledgerIn(dataDir),
    dataDir,
    log,
    reflect: true,
    onFatal: output.fail,
  });
  obey({});
  return primary;
}

const LIKES_SERVER_FLAGS = {
  ...ROLE_FLAGS,
  id: { type: "string" },
  primary: { type: "string" },
  generate: { type: "boolean", default: false },
  seed: { type: "string", default: "0" },
  "interval-min": { type: "string", default: "1s" },
  "interval-max": { type: "string", default: "1s" },
  "likes-max": { type: "string", default: "0" },
  persons: { type: "string", default: "0" },
  item: { type: "string", default: "" },
} as const;

async function startLikesRole(args: readonly string[], output: SupervisedOutput): Promise<Started> {
  const flags = read(() => parseArgs({ args: [...args], options: LIKES_SERVER_FLAGS }).values);
  const { startLikesServer } = await import("../roles/likes_server.ts");
  const { openOutbox } = await import("../roles/open_outbox.ts");
  const { Generating } = await import("./generating.ts");
  const { likesServerLogName, openLogFile } = await import("../log/log_file.ts");
  const outbox = openOutbox(required("data-dir", flags["data-dir"]), required("id", flags.id));
  const { serverId } = outbox;
  const plan = {
    seed: Number(flags.seed),
    serverId,
    intervalMinMs: parseDuration(flags["interval-min"]),
    intervalMaxMs: parseDuration(flags["interval-max"]),
    likesMax: Number(flags["likes-max"]),
    persons: Number(flags.persons),
  };
  const log = openLogFile(required("log-dir", flags["log-dir"]), likesServerLogName(serverId));
  const server = await startLikesServer({
    host: HOST,
    port: Number(required("port", flags.port)),
    primary: required("primary", flags.primary),
    outbox,
    log,
    reflect: true,
    onNotice: () => {}, // the parent watches the primary, and notices are in the log
    onFatal: output.fail,
  });
  const generating = flags.generate
    ? new Generating({ plan, itemId: flags.item }, server)
    : undefined;
  if (generating !== undefined) log.line(generating.description);
  obey({
    start: (startMs, durationMs) => generating?.start(startMs, durationMs),
    finish: (durationMs) => generating?.finish(durationMs) ?? Promise.resolve(undefined),
  });
  void server.accepting.then(() => sendToParent({ type: "accepting" }));
  const stop = async (): Promise<void> => {
    await generating?.finish();
    await server.stop(true);
  };
  return { port: server.port, stop };
}

const ROLES = new Map([
  ["start-primary", startPrimaryRole],
  ["start-likes", startLikesRole],
]);

/** Handles the parent's messages. When the parent is gone, for any reason, this process ends. */
function obey(commands: ChildCommands): void {
  followParent(commands, () => process.exit(EXIT.failed));
}

function required(name: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new LikesError("usage", `Cannot start supervised without --${name}: pass it`);
}

function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new LikesError("usage", `Cannot start supervised: ${messageOf(cause)}`, { cause });
  }
}
