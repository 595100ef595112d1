import { formatAddress, isLoopback } from "../src/text/address.ts";
import type { Address } from "../src/text/address.ts";
import { addressElsewhere, addressHere } from "../src/roles/reach.ts";
import { PORT_DEFAULT } from "../src/limits.ts";
import { RoleCommand } from "./_role_command.ts";
import { PRIMARY_ADDRESS, checkExposure, portFlag, roleFlags } from "./_flags.ts";

/** `likes start-primary`. */
export class StartPrimary extends RoleCommand {
  static override summary = "start the primary: it applies likes exactly once and shows the total";
  static override description =
    "Keeps its ledger in <data-dir>/primary, and continues where the last process ended. The " +
    "first Ctrl-C shuts down cleanly, the second ends at once.";
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
    const { startPrimary } = await import("../src/roles/primary.ts");
    const { ledgerIn } = await import("../src/roles/open_ledger.ts");
    const { openLogFile, PRIMARY_LOG_NAME } = await import("../src/log/log_file.ts");
    const { host, port, advertise, "data-dir": dataDir } = flags;
    const signals = this.signals();
    const log = openLogFile(flags["log-dir"], PRIMARY_LOG_NAME);
    const reflect = isLoopback(host);
    const openLedger = ledgerIn(dataDir);
    const onFatal = this.fail;
    const role = { host, port, openLedger, dataDir, log, reflect, onFatal };
    const primary = await startPrimary(role);
    const listening = { host, port: primary.port };
    this.#ready(listening, { advertise, dataDir, log: log.path });
    await signals.first;
    await primary.stop();
    if (!this.jsonEnabled()) this.printMessage("the primary stopped");
    process.exit();
  }

  #ready(listening: Address, { advertise, dataDir, log }: Ready): void {
    const address = formatAddress(listening);
    if (this.jsonEnabled()) this.printJson({ listening: address, advertise, dataDir, log });
    this.printResult(`listening ${address}`);
    if (this.jsonEnabled()) return;
    this.printMessage(`state in ${dataDir}/primary, log: tail -f ${log}`);
    const here = addressHere(listening);
    const flag = here === PRIMARY_ADDRESS ? "" : ` --primary ${here}`;
    this.printMessage(`next, in another terminal: npx likes start-likes${flag}`);
    const elsewhere = advertise ?? addressElsewhere(listening);
    if (elsewhere === undefined) return;
    this.printMessage(`on another machine: npx likes start-likes --primary ${elsewhere}`);
  }
}

/** Printed once the primary listens. */
interface Ready {
  readonly advertise: string | undefined;
  readonly dataDir: string;
  readonly log: string;
}
