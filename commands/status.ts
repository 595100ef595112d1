import * as Flags from "@oclif/core/flags";
import { LikesError } from "../src/errors.ts";
import { monotonicMs } from "../src/monotonic.ts";
import {
  CONVERGE_WAIT_DEFAULT_MS,
  STATUS_INTERVAL_DEFAULT_MS,
  STATUS_INTERVAL_MAX_MS,
  STATUS_INTERVAL_MIN_MS,
} from "../src/limits.ts";
import { formatDuration } from "../src/text/duration.ts";
import type { Status as View } from "../src/core/primary/status.ts";
import type { FollowOptions } from "../src/rpc/client/follow_status.ts";
import { BaseCommand } from "./_base_command.ts";
import { durationFlag, inWords, primaryFlag } from "./_flags.ts";

/** `likes status`. */
export class StatusCommand extends BaseCommand {
  static override summary = "watch the total, and how fresh it is";
  static override description =
    "A live table on a terminal, a line at each interval when piped, a JSON object a line " +
    "with --json. --wait ends once every like acknowledged before it began is in the total " +
    "and shown by each LikesServer. Exit 0: done. Exit 4: not in time. Exit 3: no primary " +
    "answered.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --once --json",
    "<%= config.bin %> <%= command.id %> --wait --timeout 10s",
  ];
  static override flags = {
    primary: primaryFlag,
    interval: durationFlag(STATUS_INTERVAL_MIN_MS)({
      summary:
        `time between answers (${STATUS_INTERVAL_MIN_MS}ms to ` +
        `${STATUS_INTERVAL_MAX_MS / 1000}s)`,
      default: STATUS_INTERVAL_DEFAULT_MS,
      defaultHelp: inWords(STATUS_INTERVAL_DEFAULT_MS),
    }),
    once: Flags.boolean({ summary: "print one answer", exclusive: ["wait", "interval"] }),
    wait: Flags.boolean({ summary: "wait until converged everywhere" }),
    timeout: durationFlag(1)({
      summary: "how long --wait waits, and how long a watched primary may be away",
      default: CONVERGE_WAIT_DEFAULT_MS,
      defaultHelp: inWords(CONVERGE_WAIT_DEFAULT_MS),
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(StatusCommand);
    if (flags.interval > STATUS_INTERVAL_MAX_MS) {
      const found = formatDuration(flags.interval);
      throw new LikesError("usage", `Cannot use the interval ${found}: give at most 60s`);
    }
    const { LiveScreen } = await import("./_live_screen.ts");
    const { LiveStatus } = await import("./_live_status.ts");
    const { statusLine } = await import("../src/cli/status_text.ts");
    const { waitForConvergence } = await import("../src/rpc/client/wait_for_convergence.ts");
    const { writeStatus } = await import("../src/rpc/wire/status_wire.ts");
    const { primary, interval: intervalMs, timeout: timeoutMs, once, wait } = flags;
    const screen = new LiveScreen(process.stdout);
    const isLive = screen.isLive && !once && !this.jsonEnabled();
    const live = isLive ? new LiveStatus(screen, intervalMs) : undefined;
    const show = (view: View): void => {
      if (this.jsonEnabled()) this.printJson(writeStatus(view));
      else if (live !== undefined) live.show(view);
      else this.printResult(screen.isLive ? screen.statusText(view) : statusLine(view));
    };
    if (wait) {
      await waitForConvergence(primary, timeoutMs, atMostEvery(intervalMs, show));
    } else if (once) {
      const { PrimaryClient } = await import("../src/rpc/client/primary_client.ts");
      const client = new PrimaryClient(primary);
      show(await client.status(timeoutMs));
      client.close();
    } else {
      const onAway = ({ message }: LikesError): void => {
        if (live === undefined) this.printMessage(`${message}; trying again`);
        else live.away(message);
      };
      await follow(primary, { intervalMs, awayMaxMs: timeoutMs, onAway }, show);
    }
  }
}

/** Follows the status. The first answer must come; later the primary may be away. */
async function follow(
  primary: string,
  options: Omit<FollowOptions, "mustBeThere">,
  show: (view: View) => void,
): Promise<void> {
  const { followStatus } = await import("../src/rpc/client/follow_status.ts");
  for await (const view of followStatus(primary, { ...options, mustBeThere: true })) show(view);
}

/** Returns a `show` for the first status, then one per interval, and the converged one. */
function atMostEvery(intervalMs: number, show: (view: View) => void): (view: View) => void {
  let shownMs = -Infinity;
  return (view) => {
    const nowMs = monotonicMs();
    if (!view.everywhere && nowMs - shownMs < intervalMs) return;
    shownMs = nowMs;
    show(view);
  };
}
