/** Status: sent at once, then at every interval, to many watchers, none of which delays another. */
import type { ServiceError } from "@grpc/grpc-js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status as View } from "../../../src/core/primary/status.ts";
import { STATUS } from "../../../src/errors.ts";
import {
  STATUS_INTERVAL_MAX_MS,
  STATUS_INTERVAL_MIN_MS,
  WATCHERS_MAX,
  WATCHER_STALLED_MAX_MS,
} from "../../../src/limits.ts";
import { CHANNEL_OPTIONS, CREDENTIALS } from "../../../src/rpc/client/client.ts";
import { PrimaryClient } from "../../../src/rpc/client/primary_client.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { becomes, within } from "../../fixtures/eventually.ts";
import { RawCall } from "../../fixtures/raw_call.ts";
import { faultOf } from "../../store/faults.ts";
import { NO_PRIMARY, emptyStatus, serve, serverStatus } from "../serving.ts";

const LIMIT_MS = 10_000;
const INTERVAL_MS = 100;
/** The options of these watchers. */
const EVERY = { intervalMs: INTERVAL_MS, firstMs: LIMIT_MS };
const { Status } = protos.PrimaryService.service;

test("watch() sends the status at once and then at every interval", async () => {
  const role = counting();
  await using serving = await serve(primaryService(role.port).add);
  const watcher = new PrimaryClient(serving.address);
  const versions: number[] = [];
  const startedMs = performance.now();
  for await (const { version } of watcher.watch(EVERY)) {
    versions.push(version);
    if (versions.length === 3) break;
  }
  watcher.close();
  assert.equal(versions, [1, 2, 3]);
  assert.ok(performance.now() - startedMs >= 2 * INTERVAL_MS - 5, "two intervals have passed");
});

test("Status refuses when the interval is out of bounds", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  for (const intervalMs of [
    1,
    STATUS_INTERVAL_MIN_MS - 1,
    STATUS_INTERVAL_MAX_MS + 1,
    2 ** 32 - 1,
  ]) {
    const client = new PrimaryClient(serving.address);
    const fault = await faultOf("usage", () => client.watch({ ...EVERY, intervalMs }).next());
    assert.match(fault.message, `every ${intervalMs} ms`);
    client.close();
  }
});

test("Status refuses a watcher at the limit, and accepts one after another has left", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  // Two connections, because one carries no more streams than there may be watchers.
  const clients = [rawClient(serving.address), rawClient(serving.address)];
  const answered = { watchers: 0 };
  const watch = () => {
    const call = clients[answered.watchers % 2]?.status({ intervalMs: 60_000 });
    assert.ok(call !== undefined);
    call.on("error", () => {}).once("data", () => answered.watchers++);
    return call;
  };
  const calls = Array.from({ length: WATCHERS_MAX }, watch);
  await becomes("all watchers answered", () => answered.watchers === WATCHERS_MAX);
  const another = new PrimaryClient(serving.address);
  await faultOf("too_many", () => another.watch(EVERY).next());
  calls[0]?.cancel();
  await becomes("room for one", async () => {
    const { value } = await another.watch(EVERY).next();
    return value?.version === 1;
  });
  another.close();
  for (const client of clients) client.close();
});

test("Status sends the newest status and no backlog when a watcher reads late", async () => {
  const slow = counting(2_000);
  const quick = counting();
  await using serving = await serve(primaryService(slow.port).add);
  await using clock = await serve(primaryService(quick.port).add);
  await using call = new RawCall(serving.address, Status.path);
  call.send(Status.requestSerialize({ intervalMs: INTERVAL_MS }));
  call.endSending();
  const watcher = new PrimaryClient(clock.address);
  for await (const { version } of watcher.watch(EVERY)) if (version > 20) break;
  watcher.close();
  assert.ok(
    slow.readings >= 1 && slow.readings <= 2,
    `${slow.readings} statuses were made for a watcher that does not read`,
  );
  const before = slow.readings;
  let newest = 0;
  call.read((message) => (newest = Number(Status.responseDeserialize(message).version)));
  await becomes("a new status", () => newest > before);
});

test("Status ends a watcher's call when it reads nothing for too long", async () => {
  await using serving = await serve(primaryService(counting(2_000).port).add);
  await using clock = await serve(primaryService(counting().port).add);
  await using call = new RawCall(serving.address, Status.path);
  call.send(Status.requestSerialize({ intervalMs: INTERVAL_MS }));
  call.endSending();
  const watcher = new PrimaryClient(clock.address);
  const intervals = WATCHER_STALLED_MAX_MS / INTERVAL_MS + 5;
  for await (const { version } of watcher.watch(EVERY)) if (version > intervals) break;
  watcher.close();
  call.read(() => {});
  const { details } = await within("the end", call.ended);
  assert.match(details, "a status was not read within");
});

test("close() ends the watchers' calls when the primary stops", async () => {
  const service = primaryService(NO_PRIMARY);
  await using serving = await serve(service.add);
  const client = rawClient(serving.address);
  const call = client.status({ intervalMs: INTERVAL_MS });
  const ended = new Promise<ServiceError>((resolve) => call.on("error", resolve));
  call.once("data", () => service.close());
  const { code, details } = await within("the end", ended);
  assert.is(code, STATUS.UNAVAILABLE);
  assert.match(details, "the primary is stopping; call again");
  client.close();
});

/** A role whose status has a new version at each reading. */
function counting(members = 0) {
  const servers = Array.from({ length: members }, (_, index) => serverStatus(index));
  const role = {
    readings: 0,
    port: {
      ...NO_PRIMARY,
      status: (): View => ({ ...emptyStatus(++role.readings), servers }),
    },
  };
  return role;
}

function rawClient(address: string) {
  return new protos.PrimaryService(address, CREDENTIALS, CHANNEL_OPTIONS);
}

test.run();
