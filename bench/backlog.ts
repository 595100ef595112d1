/**
 * Fills an outbox as a LikesServer does when likes arrive together: through the core's group commit,
 * onto the disk, without gRPC. What it leaves is a backlog that nobody has delivered yet.
 */
import type * as knownModule from "../src/core/likes_server/outbox_view.ts";
import type * as limitsModule from "../src/limits.ts";
import type * as outboxModule from "../src/roles/open_outbox.ts";
import type * as codecModule from "../src/format/record_codec.ts";
import type * as groupModule from "../src/core/likes_server/group_commit.ts";
import type * as writerModule from "../src/core/likes_server/outbox_writer.ts";
import { built } from "./built.ts";
import { preciseMs } from "./clock.ts";
import { expectSame } from "./figure.ts";

const ITEMS = 100;
const LIKES_MAX = 42;

/** What was accepted. */
export interface Backlog {
  readonly likes: bigint;
  /** From the first like to the last sync. */
  readonly tookMs: number;
  readonly syncs: number;
}

/** Gives `events` likes in groups as large as a record, to a new outbox, and closes it. */
export async function fillOutbox(
  dataDir: string,
  serverId: string,
  events: number,
): Promise<Backlog> {
  const { OutboxView } = await built<typeof knownModule>("core/likes_server/outbox_view.js");
  const { GroupCommit } = await built<typeof groupModule>("core/likes_server/group_commit.js");
  const { OutboxWriter } = await built<typeof writerModule>("core/likes_server/outbox_writer.js");
  const { recordCodec } = await built<typeof codecModule>("format/record_codec.js");
  const { openOutbox } = await built<typeof outboxModule>("roles/open_outbox.js");
  const { OUTBOX_BYTES_MAX, RECORD_EVENTS_MAX } = await built<typeof limitsModule>("limits.js");
  const { store } = openOutbox(dataDir, serverId);
  await store.write([{ type: "mint", incarnation: "b".repeat(32) }]);
  const outbox = new OutboxView(await store.load());
  const { recordDiskBytes } = store;
  const adds = new GroupCommit({ codec: recordCodec, recordDiskBytes });
  const writer = new OutboxWriter(adds);
  let likes = 0n;
  let syncs = 0;
  const startMs = preciseMs();
  for (let given = 0; given < events;) {
    const upTo = Math.min(events, given + RECORD_EVENTS_MAX);
    for (; given < upTo; given++) {
      const change = { kind: "add", likes: BigInt((given * 31) % (LIKES_MAX + 1)) } as const;
      const event = { itemId: `video-${given % ITEMS}`, change };
      const add = { requestId: given, event, mark: undefined };
      expectSame("a refusal", adds.add(add, OUTBOX_BYTES_MAX)?.message ?? "none", "none");
      likes += change.likes;
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
