import * as Flags from "@oclif/core/flags";
import { terminalSize } from "../src/cli/terminal.ts";
import { COUNTS_DEFAULT, COUNTS_MAX } from "../src/limits.ts";
import { LikesError } from "../src/errors.ts";
import type { CountsRequest } from "../src/core/primary/counts_page.ts";
import type { CountsOrder } from "../src/core/ledger/ledger.ts";
import { monotonicMs } from "../src/monotonic.ts";
import type { AskedCounts } from "../src/rpc/client/likes_client.ts";
import { BaseCommand } from "./_base_command.ts";
import { firstLikesServer } from "./_first_likes_server.ts";
import {
  PRIMARY_ADDRESS,
  addressFlag,
  argument,
  isGiven,
  parseItem,
  personFlag,
  primaryFlag,
  timeoutFlag,
  wholeFlag,
} from "./_flags.ts";

/** The values of `--order`, and their names in the core. */
const ORDERS = { "most-liked": "most_liked", "item-id": "item_id" } as const;

/** The LikesServer to ask, or the primary that names one. */
interface Where {
  readonly server?: string | undefined;
  readonly primary: string;
  readonly timeout: number;
}

/** `likes count`. */
export class Count extends BaseCommand {
  static override summary = "show the likes of items, or the most liked items";
  static override description =
    "Shows counts of one commit of the ledger, and how far the total has come. With --server " +
    "it shows the cached counts of that LikesServer with their age, also while the primary is " +
    "away. The column +here has its own likes that are not in them yet. With --person it asks a " +
    "LikesServer what that person gives to each item, and the column seen is the person's view.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> video song --json",
    "<%= config.bin %> <%= command.id %> --all --order item-id --json",
    "<%= config.bin %> <%= command.id %> video --server 127.0.0.1:41234",
    "<%= config.bin %> <%= command.id %> blog/post-1 blog/post-2 --person ada",
  ];
  static override args = {
    items: argument(parseItem)({
      description: "items; by default all items, page by page, most liked first",
      multiple: true,
    }),
  };
  static override flags = {
    limit: wholeFlag(
      1,
      COUNTS_MAX,
    )({
      summary: `items of a page (1 to ${COUNTS_MAX}); not with --all`,
      default: COUNTS_DEFAULT,
    }),
    order: Flags.custom<CountsOrder>({
      parse: (text) => Promise.resolve(ORDERS[text as keyof typeof ORDERS]),
    })({
      summary: "order; item-id leaves none out while likes arrive",
      options: Object.keys(ORDERS),
      defaultHelp: () => Promise.resolve("most-liked"),
    }),
    page: Flags.string({ summary: "token of a page, from the page before" }),
    all: Flags.boolean({
      summary: "show all items, by default in the order item-id",
      exclusive: ["page"],
    }),
    person: personFlag({ summary: "a person, whose own likes of the named items are shown, too" }),
    server: addressFlag({
      summary: "address of a LikesServer to ask instead of the primary",
      helpValue: "HOST:PORT",
      exclusive: ["primary"],
    }),
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const parsed = await this.parse(Count);
    const { args, flags } = parsed;
    const itemIds: string[] = args.items ?? [];
    if (itemIds.length > COUNTS_MAX) {
      const message = `Cannot count ${itemIds.length} items: at most ${COUNTS_MAX} at once; split them`;
      throw new LikesError("usage", message);
    }
    const { limit, server, primary, page: pageToken = "", order, timeout: timeoutMs } = flags;
    const isPaging = flags.all || flags.page !== undefined || order !== undefined;
    const isLimited = isGiven(parsed, "limit");
    if ((isPaging || isLimited) && itemIds.length > 0) {
      const message = "Cannot page through named items: leave the items out, or the flags";
      throw new LikesError("usage", message);
    }
    if (flags.all && isLimited) {
      const message = "Cannot limit all items: leave --limit out, or --all";
      throw new LikesError("usage", message);
    }
    if (isPaging && server !== undefined) {
      const message = "Cannot page through the items at a LikesServer: ask the primary";
      throw new LikesError("usage", message);
    }
    if (flags.person !== undefined && itemIds.length === 0) {
      const message = "Cannot show what a person gives to all items: name the items";
      throw new LikesError("usage", message);
    }
    if (server !== undefined || flags.person !== undefined) {
      return this.#showCached(flags, { itemIds, limit, subject: flags.person });
    }
    const pageSize = flags.all ? COUNTS_MAX : limit;
    // --all must leave no item out: by likes, an item that rises between two pages would be missed.
    const request = {
      itemIds,
      pageSize,
      pageToken,
      order: order ?? (flags.all ? "item_id" : undefined),
    };
    return this.#show(primary, request, { all: flags.all, timeoutMs });
  }

  async #show(
    primary: string,
    first: Partial<CountsRequest>,
    { all, timeoutMs }: { readonly all: boolean; readonly timeoutMs: number },
  ): Promise<void> {
    const { PrimaryClient } = await import("../src/rpc/client/primary_client.ts");
    const { countText } = await import("../src/cli/count_text.ts");
    const { writeCounts } = await import("../src/rpc/wire/counts_wire.ts");
    const { shellWord } = await import("../src/text/escape.ts");
    const client = new PrimaryClient(primary);
    let request = first;
    let next: string;
    do {
      const counts = await client.counts(request, timeoutMs);
      next = counts.nextPageToken;
      request = { ...request, pageToken: next };
      if (this.jsonEnabled()) this.printJson(writeCounts(counts));
      else this.printResult(countText(counts, this.#columns()));
    } while (all && next !== "");
    client.close();
    if (next !== "" && !this.jsonEnabled()) {
      const where = primary === PRIMARY_ADDRESS ? "" : ` --primary ${primary}`;
      const page = `--limit ${first.pageSize} --page ${shellWord(next)}`;
      this.printMessage(`more: likes count${where} ${page}`);
    }
  }

  async #showCached(where: Where, asked: AskedCounts): Promise<void> {
    const { cachedCountText } = await import("../src/cli/count_text.ts");
    const { writeCachedCounts } = await import("../src/rpc/wire/counts_wire.ts");
    const untilMs = monotonicMs() + where.timeout;
    const { client, found } = await firstLikesServer(where, untilMs);
    const counts = await client.counts(asked, Math.max(untilMs - monotonicMs(), 1));
    client.close();
    if (this.jsonEnabled()) this.printJson(writeCachedCounts(counts));
    else this.printResult(cachedCountText(counts, this.#columns()));
    if (found !== undefined && !this.jsonEnabled()) this.printMessage(found);
    process.exit(); // grpc-js would keep the process alive while it still connects to others
  }

  #columns(): { readonly columns?: number } {
    return process.stdout.isTTY ? { columns: terminalSize(process.stdout).columns } : {};
  }
}
