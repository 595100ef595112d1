import type { Load } from "../src/cli/load_text.ts";
import { keepResult } from "../src/cli/output.ts";
import { EXIT, LikesError } from "../src/errors.ts";
import type { ExitCode } from "../src/errors.ts";
import { ADDS_MAX, COUNTS_MAX } from "../src/limits.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { countOf } from "../src/text/numbers.ts";
import { writeDuration } from "../src/text/duration.ts";
import { BaseCommand } from "./_base_command.ts";
import {
  addressFlag,
  durationFlag,
  inWords,
  primaryFlag,
  timeoutFlag,
  wholeFlag,
} from "./_flags.ts";

const RATE_MAX = 1_000_000;
const GIVERS_MAX = 1_000;
/** Likes of one run: their moments stay in memory. */
const LIKES_MAX = 10_000_000;
const DURATION_DEFAULT_MS = 10_000;
/** Digits of the names of a run's items. */
const RUN_DIGITS = 8;

/** `likes bench`. */
export class Bench extends BaseCommand {
  static override summary = "add likes at a rate, and measure how soon they count";
  static override description =
    "Adds likes in an open loop, at random times, and measures each from when it was due. Prints " +
    "how long it took until a LikesServer had it on its disk, and until the primary counted it. " +
    "In the end it compares the count with what was accepted. The likes stay: they belong to " +
    "items of this run, named likes-bench-…, and are part of the total. Exit 4: likes are " +
    "missing, or count twice. Exit 5: answers were lost, so their outcome is unknown. Exit 1: " +
    "likes were refused.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --rate 1000 --duration 30s --givers 50",
    "<%= config.bin %> <%= command.id %> --rate 100000 --batch 1000 --json",
  ];
  static override flags = {
    rate: wholeFlag(
      1,
      RATE_MAX,
    )({
      summary: `likes per second (1 to ${RATE_MAX})`,
      default: 100,
    }),
    duration: durationFlag(1)({
      summary: "for how long likes fall due",
      default: DURATION_DEFAULT_MS,
      defaultHelp: inWords(DURATION_DEFAULT_MS),
    }),
    givers: wholeFlag(
      1,
      GIVERS_MAX,
    )({
      summary: `connections that take turns (1 to ${GIVERS_MAX})`,
      default: 10,
    }),
    items: wholeFlag(
      1,
      COUNTS_MAX,
    )({
      summary: `items that are liked in turn (1 to ${COUNTS_MAX})`,
      default: 100,
    }),
    batch: wholeFlag(
      1,
      ADDS_MAX,
    )({
      summary: `likes of each call (1 to ${ADDS_MAX})`,
      default: 1,
    }),
    server: addressFlag({
      summary: "address of a LikesServer; by default up to 16 that the primary names",
      helpValue: "HOST:PORT",
      multiple: true,
    }),
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Bench);
    const { rate: likesPerS, duration: durationMs, primary: at, timeout: timeoutMs } = flags;
    if (likesPerS * durationMs > LIKES_MAX * 1_000) {
      const found = `${likesPerS} a second for ${writeDuration(durationMs)} are more`;
      throw new LikesError("usage", `Cannot add more than ${LIKES_MAX} likes: ${found}`);
    }
    const { streamingAddresses } = await import("./_streaming_addresses.ts");
    const { LikesClient } = await import("../src/rpc/client/likes_client.ts");
    const { PrimaryClient } = await import("../src/rpc/client/primary_client.ts");
    const { LiveScreen } = await import("./_live_screen.ts");
    const { runLoad } = await import("./_load.ts");
    const addresses = flags.server ?? (await streamingAddresses(at, monotonicMs() + timeoutMs));
    const givers = Array.from({ length: flags.givers }, (_, giver) => {
      return new LikesClient(addresses[giver % addresses.length] ?? "");
    });
    await Promise.all(givers.map((giver) => giver.reach(timeoutMs)));
    const primary = new PrimaryClient(at);
    const isSettled = async (): Promise<boolean> => {
      const { everywhere, pendingEvents } = await primary.status(timeoutMs);
      return everywhere && pendingEvents === 0;
    };
    const screen = new LiveScreen(process.stderr);
    const bar = screen.bar("like");
    const run = Math.random().toString().slice(-RUN_DIGITS);
    const load = await runLoad({
      givers,
      primary,
      itemIds: Array.from({ length: flags.items }, (_, item) => `likes-bench-${run}-${item}`),
      likesPerS,
      durationMs,
      perCall: flags.batch,
      timeoutMs,
      isSettled,
      random: Math.random,
      onProgress: (done, all) => bar?.(done, all),
    });
    screen.clear();
    await this.#show(load, await isSettled(), Math.min(givers.length, addresses.length));
  }

  async #show(load: Load, isSettled: boolean, servers: number): Promise<never> {
    const { loadText, percentilesOf } = await import("../src/cli/load_text.ts");
    const { accepted, refused, unknown, counted, missing, doubled, reason } = load;
    const lines = loadText(load, isSettled);
    keepResult(lines.join("\n"));
    if (this.jsonEnabled()) {
      const lost = isSettled ? missing : 0;
      const notCountedYet = missing - lost;
      const numbers = { accepted, refused, unknown, counted, lost, notCountedYet, doubled };
      const latency = {
        acceptedMs: percentilesOf(load.acceptedMs),
        visibleMs: percentilesOf(load.visibleMs),
      };
      this.printJson({ ...numbers, tookMs: Math.round(load.tookMs), servers, ...latency, reason });
    } else {
      for (const line of lines) this.printResult(line);
      if (reason !== undefined) this.printMessage(`the first that failed: ${reason}`);
      this.printMessage(`at ${countOf(servers, "LikesServer")}`);
    }
    process.exit(exitOf(load, missing + doubled));
  }
}

function exitOf({ refused, unknown }: Load, wrong: number): ExitCode {
  if (wrong > 0) return EXIT.inexact;
  if (unknown > 0) return EXIT.undecided;
  return refused > 0 ? EXIT.failed : EXIT.done;
}
