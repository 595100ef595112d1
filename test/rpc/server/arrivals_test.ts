/**
 * How much a flood of cheap calls delays an honest one. The unit is calls of the flood that ran
 * first: it does not depend on the machine's speed.
 */
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STATUS } from "../../../src/errors.ts";
import { CONNECTION_STREAMS_FIRST, CONNECTION_STREAMS_MAX } from "../../../src/limits.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { openDelivery } from "../../../src/rpc/client/primary_client.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import type { PrimaryServiceHandler } from "../../../src/rpc/server/primary_service.ts";
import { protos } from "../../../src/rpc/protos.ts";
import {
  CallFlood,
  EMPTY_REQUEST,
  HEALTH_CHECK,
  LIST_SERVICES,
  REFLECTION_INFO,
  callBytes,
} from "../../fixtures/call_flood.ts";
import { becomes, within } from "../../fixtures/eventually.ts";
import { RawCall, rawSession } from "../../fixtures/raw_call.ts";
import type { RawEnd } from "../../fixtures/raw_call.ts";
import { testId } from "../../store/faults.ts";
import { NO_COUNTS, NO_LIKES, NO_PRIMARY, serve } from "../serving.ts";
import type { Serving } from "../serving.ts";

const OK = 0;
/** The work of one call of a flood. */
const WORK_MS = 0.3;
const CONNECTIONS = 20;
/** The calls that HTTP/2 admits from a flood that does not wait. */
const LET_IN = CONNECTIONS * CONNECTION_STREAMS_FIRST;
const { GetCounts, Status } = protos.PrimaryService.service;
const { AddLikes, GetTotal } = protos.LikesService.service;
const COUNT = GetCounts.requestSerialize({ itemIds: ["video"] });

test("Arrivals drops the calls of closed connections", async () => {
  await using served = await Served.primary();
  using flood = new CallFlood(served.address);
  await flood.send(callBytes(GetCounts.path, COUNT, 1_000), CONNECTIONS);
  await becomes("work has begun", () => served.worked > 0);
  flood[Symbol.dispose]();
  const { connections } = served.serving.server.load;
  await becomes("all gone", () => {
    const { load } = served.serving.server;
    return load.calls === 0 && load.connections < Math.max(connections, 1);
  });
  const { worked } = served;
  assert.ok(worked < LET_IN / 4, `${worked} of ${CONNECTIONS * 1_000} calls were worked on`);
  assert.is((await honest(served.address, GetCounts.path, COUNT)).code, OK);
  assert.is(served.worked, worked + 1);
});

for (const [name, path, request] of [
  ["GetCounts", GetCounts.path, COUNT],
  ["Status", Status.path, EMPTY_REQUEST],
] as const) {
  test(`Arrivals serves readers, health and a delivery during a flood of ${name}`, async () => {
    await using served = await Served.primary();
    await using session = await served.session();
    using flood = new CallFlood(served.address);
    await flood.send(callBytes(path, request, 1_000), CONNECTIONS);
    await served.passes("a reader", () => {
      return honest(served.address, GetCounts.path, COUNT, session.http2);
    });
    await served.passes("health", () =>
      honest(served.address, HEALTH_CHECK, EMPTY_REQUEST, session.http2),
    );
    await served.passes("a new reader", () => honest(served.address, GetCounts.path, COUNT));
    await served.passes("a delivery", async () => {
      const opened = served.opened();
      const events = { received: () => {}, writable: () => {}, broken: () => {} };
      const link = openDelivery(served.address, events);
      await within("its opening", opened);
      link.close();
    });
  });
}

test("Arrivals serves a client and a reader during a flood of AddLikes", async () => {
  const add = AddLikes.requestSerialize({ itemId: "video", likes: "1" });
  await using served = await Served.likes();
  await using session = await served.session();
  using flood = new CallFlood(served.address);
  await flood.send(callBytes(AddLikes.path, add, 1_000), CONNECTIONS);
  await served.passes("a client", () => honest(served.address, AddLikes.path, add, session.http2));
  const total = () => honest(served.address, GetTotal.path, EMPTY_REQUEST, session.http2);
  await served.passes("a reader", total, STATUS.UNAVAILABLE); // before the first pulse
});

test("Arrivals serves a reader during a flood of health, reflection or unknown calls", async () => {
  for (const path of [HEALTH_CHECK, REFLECTION_INFO, "/likes.v1.PrimaryService/None"]) {
    await using served = await Served.primary();
    await using first = await served.session();
    await using second = await served.session();
    await using third = await served.session();
    using flood = new CallFlood(served.address);
    await flood.send(
      callBytes(path, path === REFLECTION_INFO ? LIST_SERVICES : EMPTY_REQUEST, 1_000),
      CONNECTIONS,
    );
    // A reader that meets the garbage collector is charged as much as a thousand of these cheap
    // calls. The three will not all meet it.
    const readers = [first, second, third];
    await served.passes(
      "the first of three readers",
      () =>
        Promise.race(
          readers.map(({ http2 }) => honest(served.address, GetCounts.path, COUNT, http2)),
        ),
      OK,
      () => flood.answered,
    );
  }
});

test("Arrivals answers a call of an unknown method", async () => {
  await using served = await Served.primary();
  const end = await honest(served.address, "/likes.v1.PrimaryService/None", EMPTY_REQUEST);
  assert.is(end.code, STATUS.UNIMPLEMENTED);
});

test("Arrivals allows a connection many streams once its first had their turn", async () => {
  await using served = await Served.primary();
  await using session = await served.session();
  const calls = Array.from({ length: CONNECTION_STREAMS_MAX }, () => {
    return new RawCall(served.address, GetCounts.path, { session: session.http2 });
  });
  await becomes("all there", () => {
    return served.serving.server.load.calls === CONNECTION_STREAMS_MAX;
  });
  for (const call of calls) {
    call.send(COUNT);
    call.endSending();
    call.read(() => {});
  }
  const ends = await within("all answers", Promise.all(calls.map(({ ended }) => ended)));
  assert.equal([...new Set(ends.map(({ code }) => code))], [OK], "none is refused");
});

/** A server whose calls each take WORK_MS of work. It counts them. */
class Served implements AsyncDisposable {
  worked = 0;
  #onOpened: () => void = () => {};
  #serving: Serving | undefined;

  static async primary(): Promise<Served> {
    const served = new Served();
    const work =
      <T>(answer: T) =>
      () =>
        served.#work(answer);
    const open = () => {
      served.#onOpened();
      return NO_PRIMARY.open({} as never);
    };
    const status = work(NO_PRIMARY.status());
    const count: PrimaryServiceHandler["count"] = (_request, done) => {
      done({ type: "counted", counts: served.#work(NO_COUNTS) });
    };
    const port = { ...NO_PRIMARY, open, status, count };
    served.#serving = await serve(primaryService(port).add, true);
    return served;
  }

  static async likes(): Promise<Served> {
    const served = new Served();
    const accepted = { type: "accepted", incarnation: testId(1), sequence: 1 } as const;
    served.#serving = await serve(
      likesService({ ...NO_LIKES, add: (_, done) => done([served.#work(accepted)]) }),
    );
    return served;
  }

  get serving(): Serving {
    assert.ok(this.#serving !== undefined);
    return this.#serving;
  }

  get address(): string {
    return this.serving.address;
  }

  /** Waits for the next delivery stream. */
  opened(): Promise<void> {
    return new Promise((resolve) => (this.#onOpened = resolve));
  }

  /** A connection of an honest peer, opened before the flood. */
  async session() {
    const http2 = await rawSession(this.address);
    await once(http2, "remoteSettings");
    return { http2, [Symbol.asyncDispose]: async () => http2.destroy() };
  }

  /**
   * Runs `call`, which must be answered before much of the flood has run. `ran` returns how many
   * calls of the flood ran so far.
   */
  async passes(
    what: string,
    call: () => Promise<RawEnd | void>,
    code: number = OK,
    ran: () => number = () => this.worked,
  ): Promise<void> {
    await becomes("the flood has begun", () => ran() > 0);
    const before = ran();
    const end = await within(what, call());
    if (end !== undefined) assert.is(end.code, code, end.details);
    const passed = ran() - before;
    assert.ok(passed < LET_IN / 4, `${what} waited for ${passed} of ${LET_IN} calls`);
    await setImmediate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.serving[Symbol.asyncDispose]();
  }

  #work<T>(answer: T): T {
    this.worked++;
    const untilMs = performance.now() + WORK_MS;
    while (performance.now() < untilMs);
    return answer;
  }
}

/** Returns how a unary call ends whose peer waits for the answer. */
async function honest(
  address: string,
  path: string,
  request: Uint8Array,
  session?: Awaited<ReturnType<typeof rawSession>>,
): Promise<RawEnd> {
  await using call = new RawCall(address, path, session === undefined ? {} : { session });
  call.send(request);
  call.endSending();
  call.read(() => {});
  return await call.ended;
}

test.run();
