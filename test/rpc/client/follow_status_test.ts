import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../../src/core/primary/status.ts";
import { followStatus } from "../../../src/rpc/client/follow_status.ts";
import type { FollowOptions } from "../../../src/rpc/client/follow_status.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import { within } from "../../fixtures/eventually.ts";
import { Tunnel } from "../../fixtures/tunnel.ts";
import { faultOf } from "../../store/faults.ts";
import { NO_PRIMARY, emptyStatus, serve } from "../serving.ts";

const OPTIONS: FollowOptions = { intervalMs: 100, awayMaxMs: 500, mustBeThere: true };

/** Follows a status until it fails. Returns the error and everything before it. */
async function follow(address: string, options: Partial<FollowOptions>) {
  const seen: Status[] = [];
  const away: string[] = [];
  const onAway = ({ message }: { message: string }): number => away.push(message);
  const fault = await faultOf("peer_unreachable", async () => {
    const all = followStatus(address, { ...OPTIONS, onAway, ...options });
    for await (const status of all) seen.push(status);
  });
  return { seen, away, fault };
}

test("followStatus() throws in time when mustBeThere is set and nothing answers", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  await using tunnel = await Tunnel.to(serving.address);
  tunnel.swallow();
  const following = follow(tunnel.address, {});
  const { seen, away, fault } = await within("the end", following);
  assert.equal([seen.length, away.length], [0, 0], "there is no retry");
  assert.match(fault.message, /it did not answer within \d+ ms/);
});

test("followStatus() calls onAway, and then throws, when the primary falls silent", async () => {
  let asked = 0;
  const status = (): Status => {
    if (++asked === 3) tunnel.swallow();
    return emptyStatus(1);
  };
  await using serving = await serve(primaryService({ ...NO_PRIMARY, status }).add);
  await using tunnel = await Tunnel.to(serving.address);
  const { seen, away } = await within("the end", follow(tunnel.address, {}));
  assert.ok(seen.length >= 2, `${seen.length}`);
  assert.is(away.length, 1, away.join("\n"));
});

test("followStatus() continues when the primary is back in time", async () => {
  let isSilent = false;
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  await using tunnel = await Tunnel.to(serving.address);
  const end = new AbortController();
  const onAway = (): void => {
    isSilent = true;
    tunnel.pass();
  };
  const { signal } = end;
  const options = { ...OPTIONS, awayMaxMs: 4_000, onAway, signal };
  for await (const _status of followStatus(tunnel.address, options)) {
    if (isSilent) end.abort();
    else tunnel.swallow();
  }
  assert.ok(isSilent);
});

test.run();
