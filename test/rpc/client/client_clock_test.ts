/** Calls while the client's wall clock jumps: a timeout is a duration, not a time of day. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AddResult } from "../../../src/core/likes_server/likes_server.ts";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { PrimaryClient } from "../../../src/rpc/client/primary_client.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { NO_COUNTS, NO_LIKES, NO_PRIMARY, serve } from "../serving.ts";

const CALLS = 20;
const LIMIT_MS = 60_000;
const SHORT_MS = 30;
const ACCEPTED: AddResult = { type: "accepted", incarnation: testId(1), sequence: 7 };
const TEN_DAYS_MS = 864_000_000;
const RealDate = Date;

/** The times that the wall clock shows, one per reading. */
const SHOWN_MS = [0, TEN_DAYS_MS, -TEN_DAYS_MS, 3_600_000, -3_600_000].map((aside) => {
  return RealDate.now() + aside;
});
SHOWN_MS.push(0, 2 ** 31 * 1_000);

/** A wall clock that jumps at every reading, until it is disposed. */
class JumpingClock implements Disposable {
  looks = 0;

  constructor() {
    const next = (): number => SHOWN_MS[this.looks++ % SHOWN_MS.length] ?? 0;
    globalThis.Date = class extends RealDate {
      constructor(ms: number = next()) {
        super(ms);
      }
      static override now(): number {
        return next();
      }
    } as DateConstructor;
  }

  [Symbol.dispose](): void {
    globalThis.Date = RealDate;
  }
}

test("LikesClient and PrimaryClient get answers when the wall clock keeps jumping", async () => {
  await using likes = await serve(
    likesService({ ...NO_LIKES, add: (_, done) => done([ACCEPTED]) }),
  );
  await using primary = await serve(
    primaryService({
      ...NO_PRIMARY,
      count: (_request, done) => done({ type: "counted", counts: NO_COUNTS }),
    }).add,
  );
  using clock = new JumpingClock();
  for (let call = 0; call < CALLS; call++) {
    const likesClient = new LikesClient(likes.address);
    const primaryClient = new PrimaryClient(primary.address);
    assert.is((await likesClient.addLikes({ itemId: "video", likes: 1n }, LIMIT_MS)).sequence, 7);
    await faultOf("total_unknown", () => likesClient.total(LIMIT_MS));
    assert.equal((await primaryClient.counts({}, LIMIT_MS)).counts, []);
    assert.is((await primaryClient.status(LIMIT_MS)).version, 1);
    likesClient.close();
    primaryClient.close();
  }
  assert.ok(clock.looks > CALLS, `${clock.looks} looks at the wall clock`);
});

test("LikesClient ends a call on time when no answer comes and the wall clock jumps", async () => {
  await using likes = await serve(likesService({ ...NO_LIKES, add: () => {} }));
  using clock = new JumpingClock();
  const client = new LikesClient(likes.address);
  await faultOf("total_unknown", () => client.total(LIMIT_MS)); // now it is connected
  for (let call = 0; call < CALLS; call++) {
    const startMs = performance.now();
    await faultOf("outcome_unknown", () =>
      client.addLikes({ itemId: "video", likes: 1n }, SHORT_MS),
    );
    const waitedMs = performance.now() - startMs;
    assert.ok(waitedMs >= SHORT_MS - 2, `${waitedMs}`); // whole milliseconds, at both ends
    assert.ok(waitedMs < LIMIT_MS, `${waitedMs}`);
  }
  client.close();
  assert.ok(clock.looks > CALLS, `${clock.looks} looks at the wall clock`);
});

test.run();
