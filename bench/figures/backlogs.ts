/** Ten LikesServers that bring their backlogs at once, to a ledger of ten million items. */
import { setTimeout as pause } from "node:timers/promises";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { temporaryFolder } from "../../test/fixtures/temporary_folder.ts";
import { addsTo, fillOutbox } from "../backlog.ts";
import { BenchProcess } from "../bench_process.ts";
import { preciseMs } from "../clock.ts";
import { fillLedger } from "../delivery.ts";
import { expectSame } from "../figure.ts";
import type { Figure, FigureOptions, FigureResult } from "../figure.ts";
import { LARGEST, itemOf, itemsOf } from "../item_cases.ts";

const SERVERS = 10;
const ANSWER_WAIT_MS = 30_000;
const POLL_MS = 100;
const STOP_MAX_MS = 50;

/** `npm run bench -- backlogs`. */
export const backlogs: Figure = {
  name: "backlogs",
  title: "ten backlogs at once, in a ledger of ten million items",
  seconds: 90,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const one = brief ? { ...LARGEST, items: 2_000 } : LARGEST;
  const events = brief ? 500 : 100_000;
  await using folder = temporaryFolder();
  const dataDir = folder.path;
  let expected = await fillLedger(dataDir, itemsOf(one));
  const names = Array.from({ length: SERVERS }, (_, server) => `likes-server-${server}`);
  for (const [server, serverId] of names.entries()) {
    const eventOf = addsTo((index) => itemOf(one, server * events + index));
    expected += (await fillOutbox(dataDir, serverId, { events, eventOf })).likes;
  }
  printProgress("the ledger and the outboxes are filled");
  await using primary = new BenchProcess("primary");
  const openedMs = preciseMs();
  const address = await primary.ask<string>("start", { dataDir });
  const startMs = preciseMs() - openedMs;
  const servers = names.map((serverId) => ({
    serverId,
    process: new BenchProcess("likes_server"),
  }));
  await using _servers = {
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(({ process }) => process[Symbol.asyncDispose]()));
    },
  };
  await primary.ask("longestStopMs"); // forgets the start
  const beganMs = preciseMs();
  const starts = servers.map(({ serverId, process }) => {
    return process.ask("start", { dataDir, serverId, primary: address });
  });
  await Promise.all(starts);
  const client = new PrimaryClient(address);
  let slowestMs = 0;
  for (let isDone = false; !isDone; await pause(POLL_MS)) {
    const askedMs = preciseMs();
    const status = await client.status(ANSWER_WAIT_MS);
    slowestMs = Math.max(slowestMs, preciseMs() - askedMs);
    const streaming = status.servers.filter(({ state }) => state === "streaming").length;
    expectSame("the streaming LikesServers", streaming, SERVERS);
    isDone = status.everywhere && status.pendingEvents === 0;
    if (isDone) expectSame("the total", status.totalLikes, expected);
  }
  client.close();
  const tookMs = preciseMs() - beganMs;
  const stopMs = await primary.ask<number>("longestStopMs");
  const commitMs = await primary.ask<number>("longestCommitMs");
  return {
    settings: { runs: 1, LikesServers: SERVERS, "events of each": events, items: one.items },
    rows: [
      { name: "start of the primary", unit: "s", values: [startMs / 1_000] },
      {
        name: "from the start of the LikesServers to converged",
        unit: "events/s",
        values: [(SERVERS * events * 1_000) / tookMs],
      },
      {
        name: "longest stop of the primary's event loop",
        unit: "ms",
        values: [stopMs],
        aim: { is: "under", bound: STOP_MAX_MS },
      },
      { name: "longest commit", unit: "ms", values: [commitMs] },
      { name: "slowest answer to a status", unit: "ms", values: [slowestMs] },
    ],
    checked: ["every LikesServer was streaming in each status; the total equals what was added"],
  };
}
