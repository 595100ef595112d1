import type { ServiceError } from "@grpc/grpc-js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CountsRequest } from "../../../src/core/primary/counts_page.ts";
import type { FromLikesServer } from "../../../src/core/protocol/messages.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import { STATUS } from "../../../src/errors.ts";
import { CHANNEL_OPTIONS, CREDENTIALS } from "../../../src/rpc/client/client.ts";
import type { GetCountsRequest } from "../../../src/rpc/gen/likes/v1/GetCountsRequest.ts";
import type { StreamLikesRequest } from "../../../src/rpc/gen/likes/v1/StreamLikesRequest.ts";
import { PrimaryClient } from "../../../src/rpc/client/primary_client.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import type {
  DeliveryPeer,
  PrimaryServiceHandler,
} from "../../../src/rpc/server/primary_service.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { becomes, within } from "../../fixtures/eventually.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { ack } from "../../core/core_fixture.ts";
import { NO_COUNTS, NO_PRIMARY, answering, serve } from "../serving.ts";

const LIMIT_MS = 5_000;
const REPORTS = 5;
/** More messages than any transport holds for a peer that does not read. */
const SENDS_MAX = 100_000;

test("counts() sends the whole request and returns the whole answer", async () => {
  const requests: CountsRequest[] = [];
  const counts = {
    counts: [{ itemId: "video", likes: 2n ** 63n - 1n, reactions: new Map([[63, 5n]]) }],
    registers: [{ revision: 2 ** 31 - 1, reaction: 63, likes: 5 }],
    convergence: "catching_up",
    asOfMs: 5,
    version: 2 ** 53 - 1,
    nextPageToken: "counts/1/item_id/…",
    applied: [{ incarnation: testId(1), appliedSequence: 2 ** 53 - 1 }],
    ledgerId: testId(2),
    generation: testId(3),
  } as const;
  const count: PrimaryServiceHandler["count"] = (request, done) => {
    requests.push(request);
    done({ type: "counted", counts });
  };
  const port = { ...NO_PRIMARY, count };
  await using serving = await serve(primaryService(port).add);
  using client = new Closing(serving.address);
  const request: CountsRequest = {
    itemIds: ["video", "song"],
    pageSize: 7,
    pageToken: "a token",
    order: "item_id",
    incarnations: [testId(1)],
    registers: [registerKey(testId(7), "video")],
  };
  assert.equal(await client.primary.counts(request, LIMIT_MS), counts);
  await client.primary.counts({ order: "most_liked" }, LIMIT_MS);
  const first = { itemIds: [], pageSize: 0, pageToken: "", incarnations: [], registers: [] };
  assert.equal(requests, [request, { ...first, order: "most_liked" }]);
});

test("GetCounts is INVALID_ARGUMENT when an incarnation or an order is malformed", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  const bad = [{ incarnations: ["x"], registers: [] }, { order: 9 as never }];
  for (const request of bad) {
    const { code, details } = await countRaw(serving.address, request);
    assert.is(code, STATUS.INVALID_ARGUMENT);
    assert.match(details, /Cannot accept a message whose (incarnations|order)/);
  }
});

test("GetCounts is INTERNAL without the text when the role has a bug", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  using client = new Closing(serving.address);
  const fault = await faultOf("peer_failed", () => client.primary.counts({}, LIMIT_MS));
  assert.match(fault.message, "an internal error");
  assert.not.match(fault.message, "secret");
});

test("StreamLikes passes each message to the role, and the stream's end once", async () => {
  const heard: FromLikesServer[] = [];
  let closed = 0;
  const events = {
    received: (message: FromLikesServer) => void heard.push(message),
    writable: () => {},
    closed: () => void closed++,
  };
  await using serving = await serve(primaryService({ ...NO_PRIMARY, open: () => events }).add);
  const report = { incarnation: testId(1), pulseUnixMs: "1" };
  const ended = stream(serving.address, (send) => send({ report }));
  await becomes("the report", () => heard.length === 1);
  ended.cancel();
  await becomes("the end", () => closed === 1);
  assert.is(heard[0]?.type, "report");
});

test("StreamLikes is INVALID_ARGUMENT when a message is malformed", async () => {
  let closed = 0;
  const events = { received: () => {}, writable: () => {}, closed: () => void closed++ };
  await using serving = await serve(primaryService({ ...NO_PRIMARY, open: () => events }).add);
  const { error } = stream(serving.address, (send) => send({ hello: { serverId: "a b" } }));
  const { code, details } = await within("the refusal", error);
  assert.is(code, STATUS.INVALID_ARGUMENT);
  assert.match(details, "server_id");
  assert.is(closed, 1);
});

test("StreamLikes ends with the role's refusal", async () => {
  let peer: DeliveryPeer | undefined;
  const open = (opened: DeliveryPeer) => {
    peer = opened;
    return { received: () => {}, writable: () => {}, closed: () => {} };
  };
  await using serving = await serve(primaryService({ ...NO_PRIMARY, open }).add);
  const { error } = stream(serving.address, () => {});
  await becomes("the stream", () => peer !== undefined);
  assert.is(peer?.host, "127.0.0.1");
  peer?.end({ code: "resynchronise", message: "Cannot apply that" });
  const { code, details } = await within("the refusal", error);
  assert.is(code, STATUS.ABORTED);
  assert.is(details, "Cannot apply that");
});

test("StreamLikes tells the role when the transport is full, and when it has drained", async () => {
  let peer: DeliveryPeer | undefined;
  let writable = 0;
  const open = (opened: DeliveryPeer) => {
    peer = opened;
    return { received: () => {}, writable: () => void writable++, closed: () => {} };
  };
  await using serving = await serve(primaryService({ ...NO_PRIMARY, open }).add);
  const client = new protos.PrimaryService(serving.address, CREDENTIALS, CHANNEL_OPTIONS);
  const call = client.streamLikes();
  call.on("error", () => {});
  await becomes("the stream", () => peer !== undefined);
  let sent = 0;
  while (peer?.send(ack(testId(1))) === true && sent < SENDS_MAX) sent++;
  assert.ok(sent < SENDS_MAX, "the transport fills up");
  call.on("data", () => {});
  await becomes("room for more", () => writable > 0);
  call.cancel();
  client.close();
});

test("StreamLikes stops reading a stream while the role pauses it", async () => {
  let peer: DeliveryPeer | undefined;
  let heard = 0;
  const open = (opened: DeliveryPeer) => {
    peer = opened;
    const received = (): void => {
      heard++;
      if (heard === 1) opened.pause();
    };
    return { received, writable: () => {}, closed: () => {} };
  };
  const port = { ...NO_PRIMARY, open, count: answering(NO_COUNTS) };
  await using serving = await serve(primaryService(port).add);
  const client = new protos.PrimaryService(serving.address, CREDENTIALS, CHANNEL_OPTIONS);
  const call = client.streamLikes();
  call.on("error", () => {});
  const report = { incarnation: testId(1), pulseUnixMs: "1" };
  for (let count = 0; count < REPORTS; count++) call.write({ report });
  await becomes("the first report", () => heard === 1);
  // An answer on the same connection shows that everything before it was read.
  await new Promise((resolve) => client.getCounts({}, resolve));
  assert.is(heard, 1);
  peer?.resume();
  await becomes("the others", () => heard === REPORTS);
  call.cancel();
  client.close();
});

/** Returns a client that is closed at the end of a test. */
class Closing implements Disposable {
  readonly primary: PrimaryClient;

  constructor(address: string) {
    this.primary = new PrimaryClient(address);
  }

  [Symbol.dispose](): void {
    this.primary.close();
  }
}

/** Requests counts without our client. Returns the error that the call must fail with. */
async function countRaw(address: string, request: GetCountsRequest): Promise<ServiceError> {
  const client = new protos.PrimaryService(address, CREDENTIALS, CHANNEL_OPTIONS);
  try {
    return await new Promise((resolve, reject) => {
      client.getCounts(request, (error) => {
        if (error === null) reject(new Error("The call did not fail"));
        else resolve(error);
      });
    });
  } finally {
    client.close();
  }
}

interface OpenStream {
  readonly error: Promise<ServiceError>;
  cancel(): void;
}

/** Opens a stream without our client. Returns the error that it must end with. */
function stream(
  address: string,
  talk: (send: (message: StreamLikesRequest) => void) => void,
): OpenStream {
  const client = new protos.PrimaryService(address, CREDENTIALS, CHANNEL_OPTIONS);
  const call = client.streamLikes();
  const error = new Promise<ServiceError>((resolve, reject) => {
    call.on("error", (found: ServiceError) => resolve(found));
    call.on("end", () => reject(new Error("The stream ended without an error")));
  });
  // A test that ignores the error must not fail for an unhandled rejection.
  error.catch(() => {}).finally(() => client.close());
  call.on("data", () => {});
  talk((message) => call.write(message));
  return { error, cancel: () => call.cancel() };
}

test.run();
