import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../src/core/primary/status.ts";
import { StatusWatch } from "../../src/demo/status_watch.ts";
import type { Silence } from "../../src/demo/status_watch.ts";
import { primaryService } from "../../src/rpc/server/primary_service.ts";
import { becomes } from "../fixtures/eventually.ts";
import { NO_PRIMARY, emptyStatus, serve } from "../rpc/serving.ts";

test("stop() shows the newest status when the primary was watched", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  const shown: Status[] = [];
  const watch = new StatusWatch(serving.address, {
    onStatus: (status) => void shown.push(status),
    onSilence: () => {},
    log: () => {},
  });
  watch.start();
  await becomes("a status", () => shown.length > 0);
  await watch.stop();
  assert.is(shown[0]?.totalLikes, 0n);
});

test("start() ends the watch and says why when a status cannot be read", async () => {
  const unreadable = { ...emptyStatus(1), pendingEvents: 2 ** 60 };
  const role = { ...NO_PRIMARY, status: () => unreadable };
  await using serving = await serve(primaryService(role).add);
  const lines: string[] = [];
  const watch = new StatusWatch(serving.address, {
    onStatus: () => {},
    onSilence: () => {},
    log: (line) => void lines.push(line),
  });
  watch.start();
  await becomes("a line", () => lines.length > 0);
  assert.match(lines.join("\n"), /stopped watching the status: .*pending_events/);
  await watch.stop();
});

test("StatusWatch reports silence while the primary does not answer", async () => {
  const shown: Status[] = [];
  const silences: Silence[] = [];
  const lines: string[] = [];
  let watch: StatusWatch | undefined;
  {
    await using serving = await serve(primaryService(NO_PRIMARY).add);
    watch = new StatusWatch(serving.address, {
      onStatus: (status) => void shown.push(status),
      onSilence: (silence) => void silences.push(silence),
      log: (line) => void lines.push(line),
    });
    watch.start();
    await becomes("a status", () => shown.length > 0);
    assert.equal(silences, []);
  }
  await becomes("a second silence", () => silences.length > 1);
  assert.is(silences[0]?.status.totalLikes, 0n, "the newest status");
  assert.match(silences.at(-1)?.reason ?? "", "Cannot reach the primary");
  assert.is(lines.filter((line) => line.startsWith("lost contact with the primary: ")).length, 1);
  watch.receive(emptyStatus(2));
  const before = silences.length;
  await watch.stop();
  assert.is(silences.length, before);
  assert.is(shown.at(-1)?.version, 2);
});

test.run();
