/** Runs the built LikesServer, started as the command starts it, and records its syncs. */
import type * as serverModule from "../../src/roles/likes_server.ts";
import type { LikesServer } from "../../src/roles/likes_server.ts";
import type { PagesOptions } from "../../src/roles/pages.ts";
import type * as tokensModule from "../../src/web/tokens.ts";
import type * as outboxModule from "../../src/roles/open_outbox.ts";
import type * as logModule from "../../src/log/log_file.ts";
import { built } from "../built.ts";
import { preciseMs } from "../clock.ts";
import { noMoments, recordingStore } from "../taps.ts";
import type { Moments, ShownTotal } from "../taps.ts";
import { serve } from "./serve.ts";

const { startLikesServer } = await built<typeof serverModule>("roles/likes_server.js");
const { openOutbox } = await built<typeof outboxModule>("roles/open_outbox.js");
const { Tokens } = await built<typeof tokensModule>("web/tokens.js");
const { likesServerLogName, openLogFile } = await built<typeof logModule>("log/log_file.js");

const synced = noMoments();
const shown: ShownTotal[] = [];
let server: LikesServer | undefined;

/** Its outbox and its primary, and the site of its pages. */
interface StartOptions {
  readonly dataDir: string;
  readonly serverId: string;
  readonly primary: string;
  readonly site?: string;
}

const NO_KEYS = { of: (): readonly string[] => [] };
/** No like of a measurement reaches a limit. */
const WRITES_PER_MINUTE = 1e9;
let secret: Uint8Array = new Uint8Array();

serve({
  /** Returns the address once it accepts likes. */
  async start({ dataDir, serverId, primary, site }: StartOptions): Promise<string> {
    const opened = openOutbox(dataDir, serverId);
    const { store } = opened;
    ({ secret } = opened);
    server = await startLikesServer({
      host: "127.0.0.1",
      port: 0,
      primary,
      outbox: { serverId, store: recordingStore(store, synced), secret },
      log: openLogFile(dataDir, likesServerLogName(serverId)),
      reflect: true,
      pages: site === undefined ? undefined : pagesOf(site),
      onNotice: (notice) => {
        if (notice.type !== "ledger_changed") return;
        shown.push({ totalLikes: notice.pulse.totalLikes, atMs: preciseMs() });
      },
      onFatal: fail,
    });
    await server.accepting;
    return `127.0.0.1:${server.port}`;
  },
  /** Returns the address of its pages. */
  http: (): string => `127.0.0.1:${server?.http?.port}`,
  /** Returns the tokens of new persons. */
  mint: ({ site, count }: { site: string; count: number }): readonly string[] => {
    const tokens = new Tokens(secret, NO_KEYS, Date.now);
    return Array.from({ length: count }, () => tokens.mint(site));
  },
  acceptedEvents: (): number => server?.acceptedEvents ?? NaN,
  synced: (): Moments => synced,
  shown: (): readonly ShownTotal[] => shown,
  /** Returns the number of events pending in the outbox. */
  stop: (): Promise<number> | undefined => server?.stop(true),
});

function pagesOf(name: string): Omit<PagesOptions, "onBug"> {
  return {
    http: { host: "127.0.0.1", port: 0 },
    metrics: undefined,
    sites: [{ name, origins: [], policy: "like", signedOnly: false }],
    keys: NO_KEYS,
    proxyHops: 0,
    writesPerMinute: WRITES_PER_MINUTE,
    onHint: () => {},
  };
}

function fail(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}
