/** Runs the built primary, started as the command starts it, and records its applied events. */
import type * as logModule from "../../src/log/log_file.ts";
import type * as ledgerModule from "../../src/roles/open_ledger.ts";
import type * as primaryModule from "../../src/roles/primary.ts";
import type { Primary } from "../../src/roles/primary.ts";
import { built } from "../built.ts";
import { noMoments, recordingLedger, recordingLog } from "../taps.ts";
import type { PrimaryMoments } from "../taps.ts";
import { serve } from "./serve.ts";

const { startPrimary } = await built<typeof primaryModule>("roles/primary.js");
const { ledgerIn } = await built<typeof ledgerModule>("roles/open_ledger.js");
const { openLogFile, PRIMARY_LOG_NAME } = await built<typeof logModule>("log/log_file.js");

const moments: PrimaryMoments = { applied: noMoments(), connectedMs: [] };
let primary: Primary | undefined;
let longestMs = 0;

serve({
  async start({ dataDir }: { readonly dataDir: string }): Promise<string> {
    const log = recordingLog(openLogFile(dataDir, PRIMARY_LOG_NAME), moments);
    primary = await startPrimary({
      host: "127.0.0.1",
      port: 0,
      openLedger: async (generation, nowUnixMs) => {
        const store = await ledgerIn(dataDir)(generation, nowUnixMs);
        return recordingLedger(store, (tookMs) => (longestMs = Math.max(longestMs, tookMs)));
      },
      dataDir,
      log,
      reflect: true,
      onFatal: fail,
    });
    return `127.0.0.1:${primary.port}`;
  },
  moments: (): PrimaryMoments => moments,
  /** Returns the longest commit since the last request for it, in milliseconds. */
  longestCommitMs(): number {
    const commitMs = longestMs;
    longestMs = 0;
    return commitMs;
  },
  stop: (): Promise<void> | undefined => primary?.stop(),
});

function fail(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}
