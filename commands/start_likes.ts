import * as Flags from "@oclif/core/flags";
import { formatAddress, isLoopback, parseAddress } from "../src/cli/address.ts";
import { writeSize } from "../src/cli/size.ts";
import {
  PORT_DEFAULT,
  RETAIN_AGE_DEFAULT_MS,
  RETAIN_BYTES_DEFAULT,
  RETAIN_BYTES_MAX,
} from "../src/limits.ts";
import type { LikesServer } from "../src/likes_server/likes_server.ts";
import type { GeneratorPlan } from "../src/core/generator.ts";
import type { LikesServerNotice } from "../src/core/likes_server.ts";
import { troubleText } from "../src/core/status.ts";
import { Outage } from "../src/log/outage.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { RoleCommand } from "./_role_command.ts";
import {
  checkExposure,
  checkIntervals,
  checkNeeded,
  durationFlag,
  generatorFlags,
  inWords,
  parseServerId,
  portFlag,
  primaryFlag,
  roleFlags,
  seedOf,
  sizeFlag,
} from "./_flags.ts";

/** The flags that say what a generator gives, in milliseconds and likes. */
interface PlanFlags {
  readonly "interval-min": number;
  readonly "interval-max": number;
  readonly "likes-max": number;
}

/** `likes start-likes`. */
export class StartLikes extends RoleCommand {
  static override summary = "start a LikesServer: it takes likes and delivers them to the primary";
  static override description =
    "The LikesServer keeps its outbox in <data-dir>/<id>, and goes on where it was " +
    "after any end. It accepts likes once the primary has admitted it; from then " +
    "on it also accepts while the primary is away. Ctrl-C delivers and leaves " +
    "within 5 s, a second one ends at once.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --generate --interval-min 100ms --interval-max 1s",
  ];
  static override flags = {
    ...roleFlags,
    ...generatorFlags,
    id: Flags.custom<string>({ parse: (text) => Promise.resolve(parseServerId(text)) })({
      summary: "name of this LikesServer; default the lowest likes-server-N that nobody runs",
    }),
    primary: primaryFlag,
    port: portFlag({ summary: "port to listen on; 0 means any free one", default: 0 }),
    generate: Flags.boolean({ summary: "give random numbers of likes, each interval one" }),
    stay: Flags.boolean({ summary: "remain a member when stopped, so that status waits for it" }),
    retain: durationFlag(0)({
      summary: "how long acknowledged likes are kept for a ledger that is restored; 0s keeps none",
      default: RETAIN_AGE_DEFAULT_MS,
      defaultHelp: inWords(RETAIN_AGE_DEFAULT_MS),
    }),
    "retain-size": sizeFlag(RETAIN_BYTES_MAX)({
      summary: `how many bytes of the disk those may take (0 to ${writeSize(RETAIN_BYTES_MAX)})`,
      default: RETAIN_BYTES_DEFAULT,
      defaultHelp: () => Promise.resolve(writeSize(RETAIN_BYTES_DEFAULT)),
    }),
  };

  readonly #outage = new Outage();

  override async run(): Promise<void> {
    const flags = await this.#flags();
    const { startLikesServer } = await import("../src/likes_server/likes_server.ts");
    const { openOutbox } = await import("../src/likes_server/open_outbox.ts");
    const { openLogFile, likesServerLogName } = await import("../src/log/log_file.ts");
    const { host, port, primary } = flags;
    const signals = this.signals();
    const outbox = openOutbox(flags["data-dir"], flags.id);
    const { serverId } = outbox;
    const log = openLogFile(flags["log-dir"], likesServerLogName(serverId));
    const seed = seedOf(flags.seed);
    const plan = planOf(flags, serverId, seed);
    const server = await startLikesServer({
      host,
      port,
      primary,
      outbox,
      log,
      retain: { ageMs: flags.retain, bytesMax: flags["retain-size"] },
      reflect: isLoopback(host),
      generate: flags.generate ? { plan, itemId: flags.item } : undefined,
      onNotice: (notice) => this.#notice(notice, primary),
      onFatal: this.fail,
    });
    const address = formatAddress({ host, port: server.port });
    void server.accepting.then(() => this.#accepting(server, address));
    const drawn = flags.generate && flags.seed === undefined ? seed : undefined;
    this.#ready(address, { serverId, log: log.path, seed: drawn });
    await signals.first;
    await server.generating?.finish();
    this.#stopped(await server.stop(!flags.stay), serverId);
    process.exit();
  }

  async #flags() {
    const parsed = await this.parse(StartLikes);
    const { flags } = parsed;
    checkNeeded(parsed, Object.keys(generatorFlags), "generate");
    checkExposure(flags.host, flags.insecure);
    checkIntervals(flags["interval-min"], flags["interval-max"]);
    return flags;
  }

  #ready(
    address: string,
    { serverId, log, seed }: { serverId: string; log: string; seed: number | undefined },
  ): void {
    if (this.jsonEnabled()) this.printJson({ listening: address, serverId, log, seed });
    this.say(`listening ${address}`);
    if (this.jsonEnabled()) return;
    const drawn = seed === undefined ? "" : `, seed ${seed}`;
    this.talk(`${serverId}${drawn}, log: tail -f ${log}`);
  }

  #accepting(server: LikesServer, address: string): void {
    server.generating?.start(monotonicMs());
    if (this.jsonEnabled()) return;
    this.talk("accepting likes");
    this.talk(`next, in another terminal: npx likes add video 5 --server ${address}`);
  }

  /** Once for each reason: what it waits for, how to end the wait, and that it has ended. */
  #notice(notice: LikesServerNotice, primary: string): void {
    if (notice.type === "disconnected") {
      const isAbsent = /^Cannot reach (?!.*: its name)/.test(notice.reason);
      const why = isAbsent ? "" : `: ${notice.reason}`;
      if (!this.#outage.isNews(why)) return;
      this.talk(`waiting for the primary at ${primary}${why}`);
      if (isAbsent) this.talk(`start it with: npx likes start-primary${portHint(primary)}`);
    } else if (notice.type === "connected" && this.#outage.end()) {
      this.talk(`connected to the primary at ${primary}`);
    } else if (notice.type === "trouble") {
      this.talk(`trouble: ${troubleText(notice.trouble)}`);
    }
  }

  #stopped(pendingEvents: number, serverId: string): void {
    if (this.jsonEnabled()) this.printJson({ stopped: serverId, pendingEvents });
    this.say(`${serverId} stopped; ${pendingEvents} events stay in its outbox`);
  }
}

function planOf(flags: PlanFlags, serverId: string, seed: number): GeneratorPlan {
  const { "interval-min": intervalMinMs, "interval-max": intervalMaxMs } = flags;
  return { seed, serverId, intervalMinMs, intervalMaxMs, likesMax: flags["likes-max"] };
}

/** The flag with which a primary is started where this LikesServer looks for it. */
function portHint(primary: string): string {
  const { port } = parseAddress(primary);
  return port === PORT_DEFAULT ? "" : ` --port ${port}`;
}
