/**
 * Fills an outbox with a backlog. Likes go through the core's group commit onto the disk, without
 * gRPC, as in a LikesServer when many likes arrive together.
 */
import type * as knownModule from "../src/core/likes_server/outbox_view.ts";
import type { LikeEvent } from "../src/core/protocol/like_event.ts";
import type * as limitsModule from "../src/limits.ts";
import type * as outboxModule from "../src/roles/open_outbox.ts";
import type * as codecModule from "../src/format/record_codec.ts";
import type * as groupModule from "../src/core/likes_server/group_commit.ts";
import type * as writerModule from "../src/core/likes_server/outbox_writer.ts";
import type * as mintModule from "../src/store/mint_id.ts";
import { built } from "./built.ts";
import { preciseMs } from "./clock.ts";
import { expectSame } from "./figure.ts";

const LIKES_MAX = 42;

/** The accepted backlog. */
export interface Backlog {
  /** Those of the adds. */
  readonly likes: bigint;
  /** From the first like to the last sync. */
  readonly tookMs: number;
  readonly syncs: number;
}

/** Returns the item of an event, by its index. */
export type ItemOf = (index: number) => string;
/** Returns an event, by its index. */
export type EventOf = (index: number) => LikeEvent;

/** Returns adds of 0 to 42 likes to the items of `itemOf`. */
export function addsTo(itemOf: ItemOf): EventOf {
  return (index) => {
    const likes = BigInt((index * 31) % (LIKES_MAX + 1));
    return { itemId: itemOf(index), change: { kind: "add", likes } };
  };
}

/** Adds `events` events to a new outbox, in groups of one full record, and closes the outbox. */
export async function fillOutbox(
  dataDir: string,
  serverId: string,
  { events, eventOf }: { readonly events: number; readonly eventOf: EventOf },
): Promise<Backlog> {
  const { OutboxView } = await built<typeof knownModule>("core/likes_server/outbox_view.js");
  const { GroupCommit } = await built<typeof groupModule>("core/likes_server/group_commit.js");
  const { OutboxWriter } = await built<typeof writerModule>("core/likes_server/outbox_writer.js");
  const { recordCodec } = await built<typeof codecModule>("format/record_codec.js");
  const { openOutbox } = await built<typeof outboxModule>("roles/open_outbox.js");
  const { mintId } = await built<typeof mintModule>("store/mint_id.js");
  const { OUTBOX_BYTES_MAX, RECORD_EVENTS_MAX } = await built<typeof limitsModule>("limits.js");
  const { store } = openOutbox(dataDir, serverId);
  await store.write([{ type: "mint", incarnation: mintId() }]);
  const outbox = new OutboxView(await store.load());
  const { recordDiskBytes } = store;
  const adds = new GroupCommit({ codec: recordCodec, recordDiskBytes });
  const writer = new OutboxWriter(adds);
  let likes = 0n;
  let syncs = 0;
  const startMs = preciseMs();
  for (let added = 0; added < events;) {
    const upTo = Math.min(events, added + RECORD_EVENTS_MAX);
    for (; added < upTo; added++) {
      const event = eventOf(added);
      const add = { requestId: added, event, mark: undefined };
      expectSame("a rejection", adds.add(add, OUTBOX_BYTES_MAX)?.message ?? "none", "none");
      if (event.change.kind === "add") likes += event.change.likes;
    }
    const { writes } = writer.next(outbox, startMs) ?? { writes: [] };
    expectSame("a write", await store.write(writes), "done");
    writer.end();
    outbox.onWritten(writes, store.state);
    syncs++;
  }
  const tookMs = preciseMs() - startMs;
  expectSame("the number of events accepted", outbox.accepted.events, events);
  expectSame("the likes accepted", outbox.accepted.likes, likes);
  store.close();
  return { likes, tookMs, syncs };
}
