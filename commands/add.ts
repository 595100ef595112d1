import * as Flags from "@oclif/core/flags";
import type { LineAdd } from "../src/cli/add_lines.ts";
import { keepResult } from "../src/cli/output.ts";
import { LikesError, messageOf } from "../src/errors.ts";
import { LIKES_PER_EVENT_MAX } from "../src/limits.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { countOf, parseWhole } from "../src/text/numbers.ts";
import { escapeText, quote } from "../src/text/escape.ts";
import { parseOperation } from "../src/cli/operation_text.ts";
import { operationName } from "../src/core/protocol/operation.ts";
import type { Operation } from "../src/core/protocol/operation.ts";
import type { LikesClient, SentAdd } from "../src/rpc/client/likes_client.ts";
import type { Accepted, Answered, Sending } from "./_add_from.ts";
import { BaseCommand } from "./_base_command.ts";
import { firstLikesServer, serverFlag } from "./_first_likes_server.ts";
import { argument, fileFlag, parseItem } from "./_flags.ts";
import { primaryFlag, timeoutFlag } from "./_flags.ts";

/** `likes add`. */
export class Add extends BaseCommand {
  static override summary = "add likes to an item, or to the items of a file";
  static override description =
    "Answers once the likes are on the disk of a LikesServer. It never sends again what may have " +
    "been added: if an answer is lost, it says so and exits with 5. --json prints a record of the " +
    "added likes, which likes verify --clients compares with the stores. --from reads lines such as " +
    '`video 5`, `video` or {"itemId":"video","likes":5}, and adds up to 1,000 at once. A line ' +
    "that is refused is named, and the others are added. With --operation the same command again " +
    "counts once, through whatever LikesServers: repeat it when its answer is lost. --from then " +
    "names each line by its number, so the same file can be added again from the beginning.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> video",
    "<%= config.bin %> <%= command.id %> video 5 --server 127.0.0.1:41234",
    "<%= config.bin %> <%= command.id %> video 5 --json >> given.jsonl",
    "<%= config.bin %> <%= command.id %> video 5 --operation $(uuidgen)",
    "<%= config.bin %> <%= command.id %> --from likes.txt --operation 7d0e1d2c-52a5-4a5e-8d3f-0c1b2a39485f",
    "tail -f likes.ndjson | <%= config.bin %> <%= command.id %> --from -",
  ];
  static override args = {
    item: argument(parseItem)({ description: "liked item, unless --from names a file" }),
    likes: argument((text) => parseWhole(text, 0, LIKES_PER_EVENT_MAX, "the likes"))({
      description: `how many likes (0 to ${LIKES_PER_EVENT_MAX})`,
      default: 1,
    }),
  };
  static override flags = {
    from: fileFlag({ summary: "add the lines of a file; - is stdin" }),
    operation: Flags.custom<Operation>({
      parse: (text) => Promise.resolve(parseOperation(text)),
    })({
      summary: "name of the add, so that the same command again counts once; names lines, too",
      helpValue: "UUID",
    }),
    server: serverFlag,
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Add);
    const what = choose(args.item, BigInt(args.likes), flags.from);
    const input = "path" in what ? await openInput(what.path) : undefined;
    const untilMs = monotonicMs() + flags.timeout;
    const { operation, timeout: timeoutMs } = flags;
    const { client, found } = await firstLikesServer(flags, untilMs);
    if ("itemId" in what) await this.#addOne(client, { ...what, operation }, untilMs);
    else if (input !== undefined) await this.#addLines(client, input, { operation, timeoutMs });
    client.close();
    if (found !== undefined && !this.jsonEnabled()) this.printMessage(found);
    process.exit(); // grpc-js would keep the process alive while it still connects to others
  }

  async #addOne(client: LikesClient, add: SentAdd, untilMs: number): Promise<void> {
    const leftMs = Math.max(untilMs - monotonicMs(), 1);
    const { itemId, likes } = add;
    const accepted = { ...(await client.addLikes(add, leftMs)), ...add };
    const { serverId, sequence } = accepted;
    const text = `${escapeText(serverId)} #${sequence} accepted ${countOf(likes, "like")}`;
    this.done(`${text} for ${itemId}`, acceptedJson(accepted, client.address));
  }

  async #addLines(client: LikesClient, input: Input, how: Sending): Promise<void> {
    const { Refusals, addFrom } = await import("./_add_from.ts");
    const { LiveScreen } = await import("./_live_screen.ts");
    const screen = new LiveScreen(process.stderr);
    const bar = input.bytes === undefined ? undefined : screen.bar("byte");
    const refusals = new Refusals();
    let [lines, likes] = [0, 0n];
    const result = (): string => `accepted ${countOf(lines, "line")}: ${countOf(likes, "like")}`;
    const onProgress = (bytes: number): void => bar?.(bytes, input.bytes ?? bytes);
    const onAnswered = ({ accepted, refused }: Answered): void => {
      lines += accepted.length;
      for (const add of accepted) likes += add.likes;
      refused.forEach((line) => refusals.add(line));
      keepResult(result()); // in case that stdout fails
      if (!this.jsonEnabled()) return;
      for (const add of accepted) this.printJson(acceptedJson(add, client.address));
      for (const { number, refusal } of refused) {
        this.printJson({ error: { ...refusal, line: number } });
      }
    };
    let thrown: LikesError | undefined;
    try {
      await addFrom(input.stream, { client, ...how, onAnswered, onProgress });
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      thrown = error;
    }
    screen.clear();
    keepResult(result());
    this.printResult(result());
    const error = refusals.errorWith(thrown);
    if (error !== undefined) throw error;
  }
}

/** What a file or stdin holds. */
interface Input {
  readonly stream: AsyncIterable<Buffer>;
  /** Undefined for a stream without a known end. */
  readonly bytes: number | undefined;
}

/** Returns the one add, or the path of many. Throws LikesError `usage` for both or neither. */
function choose(
  itemId: string | undefined,
  likes: bigint,
  path: string | undefined,
): LineAdd | { readonly path: string } {
  if (path === undefined && itemId !== undefined) return { itemId, likes };
  if (path !== undefined && itemId === undefined) return { path };
  const found = path === undefined ? "neither is given" : "both are given";
  const message = `Cannot add likes: give an item or --from FILE; ${found}`;
  throw new LikesError("usage", message);
}

/** Opens a file, or stdin for `-`. Throws LikesError `usage` for a file that cannot be read. */
async function openInput(path: string): Promise<Input> {
  if (path === "-") return { stream: process.stdin, bytes: undefined };
  const { open } = await import("node:fs/promises");
  try {
    const file = await open(path);
    const stats = await file.stat();
    if (stats.isDirectory()) throw new Error("it is a folder");
    return { stream: file.createReadStream(), bytes: stats.isFile() ? stats.size : undefined };
  } catch (error) {
    const found = `${messageOf(error)}; give a file that can be read, or - for stdin`;
    throw new LikesError("usage", `Cannot read ${quote(path)}: ${found}`, { cause: error });
  }
}

function acceptedJson({ itemId, likes, operation, ...event }: Accepted, address: string): unknown {
  const { serverId, incarnation, sequence } = event;
  const numbers = { sequence: String(sequence), itemId, likes: String(likes) };
  const named = operation === undefined ? {} : { operation: operationName(operation) };
  return { serverId, incarnation, ...numbers, ...named, address };
}
