import { fileURLToPath } from "node:url";
import * as Flags from "@oclif/core/flags";
import type { Interfaces } from "@oclif/core";
import { EXIT } from "../src/errors.ts";
import type { ExitCode } from "../src/errors.ts";
import {
  CONVERGE_WAIT_DEFAULT_MS,
  ORCHESTRATED_SERVERS_DEFAULT,
  ORCHESTRATED_SERVERS_MAX,
  PORT_DEFAULT,
  RUN_DURATION_DEFAULT_MS,
} from "../src/limits.ts";
import { StopSignals } from "../src/cli/signals.ts";
import type { Run, RunOptions } from "../src/demo/run.ts";
import type { RunResult } from "../src/demo/run_result.ts";
import { verdictJson, verdictText } from "../src/demo/verdict_text.ts";
import type { VerdictContext } from "../src/demo/verdict_text.ts";
import { BaseCommand } from "./_base_command.ts";
import { checkIntervals, durationFlag, folderFlag, generatorFlags, inWords } from "./_flags.ts";
import { portFlag, roleFlags, seedOf, wholeFlag } from "./_flags.ts";

/** `likes orchestrate`. */
export class Orchestrate extends BaseCommand {
  static override summary = "run the demonstration: a primary, ten LikesServers, and a verdict";
  static override description =
    "Forks one primary and its LikesServers on 127.0.0.1. Each LikesServer adds a random " +
    "number of likes at an interval of its own. In the end each outbox drains, and the parent " +
    "compares the total with the outboxes, all processes and the seed. Empties logs of " +
    "earlier roles in --log-dir. The first Ctrl-C stops the adding, the second ends at once. " +
    "Exit 0: exact, and converged everywhere. Exit 4: not. Exit 5: undecided, because an " +
    "outbox is unreadable or a LikesServer added nothing although events were due.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --duration 30s --seed 42",
    "<%= config.bin %> <%= command.id %> --persons 500 --duration 1m",
    "<%= config.bin %> <%= command.id %> --duration 10s --json --quiet",
  ];
  static override flags = {
    servers: wholeFlag(
      1,
      ORCHESTRATED_SERVERS_MAX,
    )({
      summary: `how many LikesServers (1 to ${ORCHESTRATED_SERVERS_MAX})`,
      default: ORCHESTRATED_SERVERS_DEFAULT,
    }),
    duration: durationFlag(0)({
      summary: "how long the LikesServers add likes",
      default: RUN_DURATION_DEFAULT_MS,
      defaultHelp: inWords(RUN_DURATION_DEFAULT_MS),
    }),
    ...generatorFlags,
    port: portFlag({
      summary: "port of the primary; 0 means any free one",
      default: PORT_DEFAULT,
    }),
    "log-dir": roleFlags["log-dir"],
    "data-dir": folderFlag({ summary: "folder of the state; a fresh one by default" }),
    "drain-timeout": durationFlag(0)({
      summary: "how long the outboxes may take to drain",
      default: CONVERGE_WAIT_DEFAULT_MS,
      defaultHelp: inWords(CONVERGE_WAIT_DEFAULT_MS),
    }),
    quiet: Flags.boolean({ char: "q", summary: "print only the verdict" }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Orchestrate);
    checkIntervals(flags["interval-min"], flags["interval-max"]);
    const { Run: OneRun } = await import("../src/demo/run.ts");
    const { RunView } = await import("./_run_view.ts");
    const { expectFreePort } = await import("../src/rpc/client/free_port.ts");
    const options = optionsOf(flags);
    await expectFreePort({ host: "127.0.0.1", port: flags.port });
    const view = new RunView(options, flags.quiet);
    const run: Run = new OneRun(options, {
      onReady: () => view.begin(run),
      onStatus: (status) => view.status(status, run),
      onSilence: (silence) => view.silence(silence, run),
      onProcesses: () => view.processes(run),
      onLine: (line) => view.line(line, run),
      onStopping: () => view.stopping(),
    });
    // No child outlives this process, however it exits, even when its output pipe closes.
    process.on("exit", () => run.kill());
    const signals = new StopSignals(() => {
      view.line("ended at once, without a verdict", run);
      view.end();
      process.exit(EXIT.interrupted);
    });
    void signals.first.then(() => run.finish());
    const result = await run.run();
    view.end();
    const verdict = verdictText(result, run);
    for (const line of verdict.split("\n")) run.log(line);
    this.done(verdict, verdictJson(result, contextOf(run, options)));
    process.exit(exitOf(result));
  }
}

type OrchestrateFlags = Interfaces.InferredFlags<typeof Orchestrate.flags>;

function optionsOf(flags: OrchestrateFlags): RunOptions {
  return {
    servers: flags.servers,
    durationMs: flags.duration,
    drainTimeoutMs: flags["drain-timeout"],
    plan: {
      seed: seedOf(flags.seed),
      intervalMinMs: flags["interval-min"],
      intervalMaxMs: flags["interval-max"],
      likesMax: flags["likes-max"],
      persons: flags.persons,
    },
    itemId: flags.item,
    port: flags.port,
    logDir: flags["log-dir"],
    dataDir: flags["data-dir"],
    entry: fileURLToPath(import.meta.resolve("#main")),
  };
}

function contextOf(run: Run, { plan, logDir }: RunOptions): VerdictContext {
  return { seed: plan.seed, logDir, dataDir: run.dataDir, emptiedLogs: run.emptiedLogs };
}

function exitOf({ verdict, givenUp }: RunResult): ExitCode {
  if (verdict.outcome === "undecided") return EXIT.undecided;
  return verdict.converged && !givenUp ? EXIT.done : EXIT.inexact;
}
