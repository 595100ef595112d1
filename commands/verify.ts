import * as Flags from "@oclif/core/flags";
import { defaultDataDir } from "../src/cli/data_dir.ts";
import { EXIT, LikesError } from "../src/errors.ts";
import { BaseCommand } from "./_base_command.ts";
import { FILE, folderFlag } from "./_flags.ts";

const EXITS = { exact: EXIT.done, inexact: EXIT.inexact, undecided: EXIT.undecided } as const;

/** Defines flags that take files. */
const filesFlag = Flags.custom<string[]>({ helpValue: FILE, multiple: true });

/** `likes verify`. */
export class Verify extends BaseCommand {
  static override summary = "prove the total from the events, offline";
  static override description =
    "Reads the ledger and every outbox, while the roles run or after a crash, and changes " +
    "nothing. Adds up every event by itself, and also the sums that the outboxes keep: both " +
    "must equal the ledger. A named add counts once, and of what a person gives to an item the " +
    "greatest state. Prints first what is wrong, then what waits or is missing. Exit " +
    "0: exact. Exit 4: not exact. Exit 5: undecided; an incomplete history is never exact. " +
    "Events that an operator gave up are named, and are no error without --strict.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --data-dir ./state --clients given.jsonl --json",
    "<%= config.bin %> <%= command.id %> --data-dir ./state --outbox backup/fra-1/outbox.sqlite",
    "<%= config.bin %> <%= command.id %> --ledger ledger.sqlite --outbox a.sqlite --outbox b.sqlite",
  ];
  static override flags = {
    "data-dir": folderFlag({
      summary: "folder of the state; the usual one without --ledger and --outbox",
    }),
    ledger: Flags.string({
      summary: "ledger to read instead of that of the folder",
      helpValue: FILE,
    }),
    outbox: filesFlag({ summary: "another outbox, or a copy of one" }),
    strict: Flags.boolean({ summary: "exit with 4 also if a decision gave up events" }),
    clients: filesFlag({ summary: "records of clients: lines of likes add --json" }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Verify);
    const { audit } = await import("../src/verify/audit.ts");
    const { findFiles, isThere } = await import("../src/verify/find_files.ts");
    const { verifyJson, verifyText } = await import("../src/cli/verify_text.ts");
    const { LiveScreen } = await import("./_live_screen.ts");
    const { "data-dir": dataDir, ledger, outbox = [], clients = [] } = flags;
    const isNamed = ledger !== undefined || outbox.length > 0;
    const folder = dataDir ?? (isNamed ? undefined : defaultDataDir(process.env));
    const found = folder === undefined ? undefined : findFiles(folder);
    const outboxes = [...(found?.outboxes ?? []), ...outbox];
    const path = ledger ?? found?.ledger;
    if (path === undefined) throw noLedger(folder);
    if (!isThere(path)) throw noSuchFile(path);
    const files = { ledger: path, outboxes, clients };
    const screen = new LiveScreen(process.stderr);
    const report = audit(files, screen.bar("event"));
    screen.clear();
    const color = process.stdout.isTTY && !process.env["NO_COLOR"];
    if (this.jsonEnabled()) this.printJson(verifyJson(report));
    else this.printResult(verifyText(report, { color }));
    const { events, unknownIncarnations } = report.givenUp;
    const isLess = flags.strict && report.outcome === "exact" && events + unknownIncarnations > 0;
    process.exit(isLess ? EXIT.inexact : EXITS[report.outcome]);
  }
}

function noLedger(folder = ""): LikesError {
  const where = folder === "" ? "none was named" : `there is none in ${JSON.stringify(folder)}`;
  const message = `Cannot verify without a ledger: ${where}; give --data-dir or --ledger`;
  return new LikesError("usage", message);
}

function noSuchFile(path: string): LikesError {
  const message =
    `Cannot verify the ledger ${JSON.stringify(path)}: there is no such file; ` +
    "give the right one";
  return new LikesError("usage", message);
}
