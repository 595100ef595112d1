import * as Flags from "@oclif/core/flags";
import { countOf } from "../src/text/numbers.ts";
import { formatAddress, isLoopback, parseAddress } from "../src/text/address.ts";
import { addressHere, isThisMachine } from "../src/roles/reach.ts";
import { writeSize } from "../src/text/size.ts";
import {
  PORT_DEFAULT,
  RETAIN_AGE_DEFAULT_MS,
  RETAIN_BYTES_DEFAULT,
  RETAIN_BYTES_MAX,
} from "../src/limits.ts";
import type { GeneratorPlan } from "../src/demo/generator.ts";
import type { LikesServerNotice } from "../src/core/likes_server/likes_server.ts";
import { troubleText } from "../src/core/primary/status.ts";
import { Outage } from "../src/log/outage.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { RoleCommand } from "./_role_command.ts";
import { checkPages, pageFlags, pagesOf } from "./_page_flags.ts";
import {
  PRIMARY_ADDRESS,
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

/** Only a hint: the server's likes count, and a client that knows its address can add likes. */
const NOT_ADVERTISED =
  "others get no address of this LikesServer, because none is known to be reachable; " +
  "give one with --advertise HOST:PORT, or listen on one with --host";

/** Printed once the server listens. */
interface Ready {
  readonly listening: string;
  /** The address of its pages; undefined for none. */
  readonly http: string | undefined;
  /** The address of its figures; undefined for none. */
  readonly metrics: string | undefined;
  /** The address that others get; empty for none. */
  readonly told: string;
  readonly serverId: string;
  readonly log: string;
  /** The seed, if it was drawn. */
  readonly seed: number | undefined;
}

/** A generator's flags, in milliseconds and likes. */
interface PlanFlags {
  readonly "interval-min": number;
  readonly "interval-max": number;
  readonly "likes-max": number;
  readonly persons: number;
}

/** `likes start-likes`. */
export class StartLikes extends RoleCommand {
  static override summary =
    "start a LikesServer: it accepts likes and delivers them to the primary";
  static override description =
    "Keeps its outbox in <data-dir>/<id>, and continues where the last process ended. Accepts " +
    "likes once the primary has admitted it, and from then on also while the primary is away. " +
    "The first Ctrl-C delivers and leaves within 5 s, the second ends at once.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --generate --interval-min 100ms --interval-max 1s",
    "<%= config.bin %> <%= command.id %> --http 127.0.0.1:8080 --site blog=https://example.org",
  ];
  static override flags = {
    ...roleFlags,
    ...generatorFlags,
    id: Flags.custom<string>({ parse: (text) => Promise.resolve(parseServerId(text)) })({
      summary: "id of this LikesServer; default: the lowest free likes-server-N",
    }),
    primary: primaryFlag,
    port: portFlag({ summary: "port to listen on; 0 means any free one", default: 0 }),
    generate: Flags.boolean({ summary: "add a random number of likes at each interval" }),
    ...pageFlags,
    stay: Flags.boolean({ summary: "remain a member when stopped, so that status waits for it" }),
    retain: durationFlag(0)({
      summary: "how long to retain acknowledged likes for a restored ledger; 0s retains none",
      default: RETAIN_AGE_DEFAULT_MS,
      defaultHelp: inWords(RETAIN_AGE_DEFAULT_MS),
    }),
    "retain-size": sizeFlag(RETAIN_BYTES_MAX)({
      summary: `bytes of the disk for retained likes (0 to ${writeSize(RETAIN_BYTES_MAX)})`,
      default: RETAIN_BYTES_DEFAULT,
      defaultHelp: () => Promise.resolve(writeSize(RETAIN_BYTES_DEFAULT)),
    }),
  };

  readonly #outage = new Outage();

  override async run(): Promise<void> {
    const flags = await this.#flags();
    const { startLikesServer } = await import("../src/roles/likes_server.ts");
    const { openOutbox } = await import("../src/roles/open_outbox.ts");
    const { Generating } = await import("../src/demo/generating.ts");
    const { openLogFile, likesServerLogName } = await import("../src/log/log_file.ts");
    const { host, port, primary, advertise } = flags;
    const places = { host, port, primary, advertise };
    const signals = this.signals();
    const outbox = openOutbox(flags["data-dir"], flags.id);
    const { serverId } = outbox;
    const log = openLogFile(flags["log-dir"], likesServerLogName(serverId));
    const seed = seedOf(flags.seed);
    const server = await startLikesServer({
      ...places,
      outbox,
      log,
      pages: pagesOf(flags, (hint) => this.printMessage(hint)),
      retain: { ageMs: flags.retain, bytesMax: flags["retain-size"] },
      reflect: isLoopback(host),
      onNotice: (notice) => this.#notice(notice, primary),
      onFatal: this.fail,
    });
    const generator = { plan: planOf(flags, serverId, seed), itemId: flags.item };
    const generating = flags.generate ? new Generating(generator, server) : undefined;
    if (generating !== undefined) log.line(generating.description);
    const at = { host, port: server.port };
    void server.accepting.then(() => {
      generating?.start(monotonicMs());
      this.#accepting(addressHere(at));
    });
    const drawn = flags.generate && flags.seed === undefined ? seed : undefined;
    const { told } = server;
    const http = server.http && formatAddress(server.http);
    const metrics = server.metrics && formatAddress(server.metrics);
    const listening = formatAddress(at);
    this.#ready({ listening, http, metrics, told, serverId, log: log.path, seed: drawn });
    await signals.first;
    await generating?.finish();
    this.#stopped(await server.stop(!flags.stay), serverId);
    process.exit();
  }

  async #flags() {
    const parsed = await this.parse(StartLikes);
    const { flags } = parsed;
    checkNeeded(parsed, Object.keys(generatorFlags), "generate");
    checkExposure(flags.host, flags.insecure);
    checkIntervals(flags["interval-min"], flags["interval-max"]);
    checkPages(parsed);
    return flags;
  }

  #ready(ready: Ready): void {
    const { listening, http, metrics, told, serverId, log, seed } = ready;
    if (this.jsonEnabled()) this.printJson(ready);
    this.printResult(`listening ${listening}`);
    if (this.jsonEnabled()) return;
    if (http !== undefined) this.printResult(`pages at http://${http}`);
    if (metrics !== undefined) this.printResult(`metrics at http://${metrics}/metrics`);
    const drawn = seed === undefined ? "" : `, seed ${seed}`;
    this.printMessage(`${serverId}${drawn}, log: tail -f ${log}`);
    if (told === "") this.printMessage(NOT_ADVERTISED);
    else if (told !== listening) this.printMessage(`others get the address ${told}`);
  }

  #accepting(address: string): void {
    if (this.jsonEnabled()) return;
    this.printMessage("accepting likes");
    this.printMessage(`next, in another terminal: npx likes add video 5 --server ${address}`);
  }

  /** Prints each reason for waiting once, with the way out, and the end of the wait. */
  #notice(notice: LikesServerNotice, primary: string): void {
    if (notice.type === "disconnected") {
      const isAbsent = /^Cannot reach (?!.*: its name)/.test(notice.reason);
      const why = isAbsent ? "" : `: ${notice.reason}`;
      if (!this.#outage.isNews(why)) return;
      this.printMessage(`waiting for the primary at ${primary}${why}`);
      if (isAbsent) this.printMessage(primaryHint(primary));
    } else if (notice.type === "connected" && this.#outage.end()) {
      this.printMessage(`connected to the primary at ${primary}`);
    } else if (notice.type === "trouble") {
      this.printMessage(`trouble: ${troubleText(notice.trouble)}`);
    }
  }

  #stopped(pendingEvents: number, serverId: string): void {
    if (this.jsonEnabled()) this.printJson({ stopped: serverId, pendingEvents });
    this.printResult(
      `${serverId} stopped; ${countOf(pendingEvents, "event")} pending in its outbox`,
    );
  }
}

function planOf(flags: PlanFlags, serverId: string, seed: number): GeneratorPlan {
  const { "interval-min": intervalMinMs, "interval-max": intervalMaxMs } = flags;
  return {
    seed,
    serverId,
    intervalMinMs,
    intervalMaxMs,
    likesMax: flags["likes-max"],
    persons: flags.persons,
  };
}

/** Returns the command that starts a primary at the address that this LikesServer uses. */
function primaryHint(primary: string): string {
  const { host, port } = parseAddress(primary);
  const where = isThisMachine(host) ? "" : " there";
  const isDefault = formatAddress({ host, port: PORT_DEFAULT }) === PRIMARY_ADDRESS;
  const exposed = isLoopback(host) ? "" : " --insecure";
  const hostFlag = isDefault ? "" : ` --host ${host}${exposed}`;
  const portFlag = port === PORT_DEFAULT ? "" : ` --port ${port}`;
  return `start it${where} with: npx likes start-primary${hostFlag}${portFlag}`;
}
