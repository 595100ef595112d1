import type { Primary } from "../src/primary/primary.ts";
import { formatAddress, isLoopback } from "../src/cli/address.ts";
import { PORT_DEFAULT } from "../src/limits.ts";
import { RoleCommand } from "./_role_command.ts";
import { checkExposure, portFlag, roleFlags } from "./_flags.ts";

/** `likes start-primary`. */
export class StartPrimary extends RoleCommand {
  static override summary = "start the primary: it applies likes exactly once and shows the total";
  static override description =
    "The primary keeps its ledger in <data-dir>/primary, and goes on where it was " +
    "after any end. Ctrl-C stops it well, a second one at once.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --port 0 --data-dir ./state",
  ];
  static override flags = {
    ...roleFlags,
    port: portFlag({ summary: "port to listen on; 0 means any free one", default: PORT_DEFAULT }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(StartPrimary);
    checkExposure(flags.host, flags.insecure);
    const { startPrimary } = await import("../src/primary/primary.ts");
    const { openLogFile, PRIMARY_LOG_NAME } = await import("../src/log/log_file.ts");
    const { host, port, "data-dir": dataDir } = flags;
    const signals = this.signals();
    const log = openLogFile(flags["log-dir"], PRIMARY_LOG_NAME);
    const reflect = isLoopback(host);
    const primary = await startPrimary({ host, port, dataDir, log, reflect, onFatal: this.fail });
    this.#ready(host, primary, flags["data-dir"], log.path);
    await signals.first;
    await primary.stop();
    if (!this.jsonEnabled()) this.talk("the primary stopped");
    process.exit();
  }

  #ready(host: string, { port }: Primary, dataDir: string, logPath: string): void {
    const address = formatAddress({ host, port });
    if (this.jsonEnabled()) this.printJson({ listening: address, dataDir, log: logPath });
    this.say(`listening ${address}`);
    if (this.jsonEnabled()) return;
    const where = port === PORT_DEFAULT ? "" : ` --primary ${address}`;
    this.talk(`state in ${dataDir}/primary, log: tail -f ${logPath}`);
    this.talk(`next, in another terminal: npx likes start-likes${where}`);
  }
}
