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
    "Reads the ledger and every outbox, while the roles run or after a crash, and changes nothing. " +
    "Adds every event up by itself, and the outboxes' own sums beside it; both have to be the " +
    "ledger's. Prints what is wrong first, what waits, and what nobody can look at any more. Exit 0 " +
    "exact, 4 not, 5 cannot be decided: an incomplete history is never called exact. What an " +
    "operator gave up is named, and no error: --strict makes it one.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --data-dir ./state --clients given.jsonl --json",
    "<%= config.bin %> <%= command.id %> --data-dir ./state --outbox backup/fra-1/outbox.sqlite",
    "<%= config.bin %> <%= command.id %> --ledger ledger.sqlite --outbox a.sqlite --outbox b.sqlite",
  ];
  static override flags = {
    "data-dir": folderFlag({
      summary: "folder of the roles' state; the usual one unless --ledger or --outbox is given",
    }),
    ledger: Flags.string({
      summary: "a ledger, in place of that of the folder",
      helpValue: FILE,
    }),
    outbox: filesFlag({ summary: "an outbox more, or a copy of one" }),
    strict: Flags.boolean({ summary: "exit 4 also when events were given up by a decision" }),
    clients: filesFlag({ summary: "what clients were told: lines of likes add --json" }),
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
