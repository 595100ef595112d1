/** Runs the built LikesServer, started as the command starts it, and records its syncs. */
import type * as serverModule from "../../src/roles/likes_server.ts";
import type { LikesServer } from "../../src/roles/likes_server.ts";
import type * as outboxModule from "../../src/roles/open_outbox.ts";
import type * as logModule from "../../src/log/log_file.ts";
import { built } from "../built.ts";
import { preciseMs } from "../clock.ts";
import { noMoments, recordingStore } from "../taps.ts";
import type { Moments, ShownTotal } from "../taps.ts";
import { serve } from "./serve.ts";

const { startLikesServer } = await built<typeof serverModule>("roles/likes_server.js");
const { openOutbox } = await built<typeof outboxModule>("roles/open_outbox.js");
const { likesServerLogName, openLogFile } = await built<typeof logModule>("log/log_file.js");

const synced = noMoments();
const shown: ShownTotal[] = [];
let server: LikesServer | undefined;

/** Its outbox and its primary. */
interface StartOptions {
  readonly dataDir: string;
  readonly serverId: string;
  readonly primary: string;
}

serve({
  /** Returns the address once it accepts likes. */
  async start({ dataDir, serverId, primary }: StartOptions): Promise<string> {
    const { store, secret } = openOutbox(dataDir, serverId);
    server = await startLikesServer({
      host: "127.0.0.1",
      port: 0,
      primary,
      outbox: { serverId, store: recordingStore(store, synced), secret },
      log: openLogFile(dataDir, likesServerLogName(serverId)),
      reflect: true,
      onNotice: (notice) => {
        if (notice.type !== "ledger_changed") return;
        shown.push({ totalLikes: notice.pulse.totalLikes, atMs: preciseMs() });
      },
      onFatal: fail,
    });
    await server.accepting;
    return `127.0.0.1:${server.port}`;
  },
  synced: (): Moments => synced,
  shown: (): readonly ShownTotal[] => shown,
  /** Returns the number of events pending in the outbox. */
  stop: (): Promise<number> | undefined => server?.stop(true),
});

function fail(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}
