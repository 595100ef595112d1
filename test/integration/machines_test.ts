/**
 * Several machines: the address that each LikesServer advertises, and where `likes add` goes
 * without --server. Each machine has its own loopback, which means nothing on another one.
 */
// nightly because it creates network namespaces and starts twenty processes
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../fixtures/eventually.ts";
import { Machines } from "../fixtures/machines.ts";
import { Counter } from "../fixtures/roles.ts";
import type { CommandResult, Spawned } from "../fixtures/spawned.ts";

const EVERYWHERE = ["--host=0.0.0.0", "--insecure"];

test("likes add finds only the LikesServers that are reachable from its machine", async () => {
  await using machines = Machines.make(["first", "second", "third"]);
  if (machines === undefined) return;
  await using counter = new Counter();
  const on = new Processes(machines, counter);
  const primary = on.start("first", ["start-primary", "--host=::", "--insecure"]);
  const [, port = ""] = await primary.waitFor(/^listening \[::\]:(\d+)$/m);
  const { ipv4, ipv6 } = machines.addressesOf("first");
  const [here, by4, by6] = [`[::1]:${port}`, `${ipv4}:${port}`, `[${ipv6}]:${port}`];
  const hint = "npx likes start-likes --primary";
  assert.match(primary.stderr, `next, in another terminal: ${hint} ${here}\n`);
  assert.match(primary.stderr, `on another machine: ${hint} ${by6}\n`);

  const home = on.server("first", "home", here, ["--host=::1"]);
  await home.waitFor(/npx likes add video 5 --server \[::1\]:\d+$/m);
  await startUntold(on, by4, by6);
  await on.delivering(4, by4);
  for (const at of [by4, by6]) {
    const { code, stderr } = await on.add("third", at);
    assert.is(code, 3, stderr);
    assert.match(stderr, /knows 4 LikesServers: 0 not streaming, and 4 without an address/);
  }

  await startTold(on, by4, by6, machines.addressesOf("second").ipv6);
  const servers = await on.delivering(7, by4);
  const told = new Map(servers.map(({ serverId, address }) => [serverId, address]));
  for (const id of ["loopback", "wildcard", "wildcard6"]) assert.is(told.get(id), "", id);
  assert.is(told.get("advertised"), "10.77.0.2:4000");
  assert.is(told.get("nowhere"), "10.77.0.99:4000");
  assert.match(told.get("own") ?? "", /^\[fd77::2\]:\d+$/);
  assert.match(told.get("home") ?? "", /^\[::1\]:\d+$/);
  for (const at of [by4, by6, by4, by6, by4, by6]) {
    const { code, stdout, stderr } = await on.add("third", at);
    assert.is(code, 0, stderr);
    const [, id = ""] = /^(\S+) #\d+ accepted 1 like for video\n$/.exec(stdout) ?? [];
    assert.ok(["advertised", "own"].includes(id), stdout);
    assert.is(stderr, `at ${told.get(id)}, an address from the primary at ${at}\n`);
  }
  const inside = await on.add("first", here);
  assert.match(inside.stdout, /^home #1 accepted/, inside.stderr);
  const wait = await on.likes("third", ["status", "--wait", "--primary", by4]);
  assert.match(wait.stdout, / 7 likes CONVERGED everywhere, .* 7 of 7 streaming, /, wait.stderr);
});

/** Starts three LikesServers on the second machine without a reachable address. */
async function startUntold(on: Processes, by4: string, by6: string): Promise<void> {
  const untold = [
    on.server("second", "loopback", by4, []),
    on.server("second", "wildcard", by4, EVERYWHERE),
    on.server("second", "wildcard6", by6, ["--host=::", "--insecure"]),
  ];
  for (const role of untold) await role.waitFor(/^others get no address of this LikesServer, /m);
}

/** Starts three on the second machine that advertise an address; one address is unreachable. */
async function startTold(on: Processes, by4: string, by6: string, ipv6: string): Promise<void> {
  const forwarded = [...EVERYWHERE, "--advertise=10.77.0.2:4000", "--port=4000"];
  const advertised = on.server("second", "advertised", by4, forwarded);
  on.server("second", "own", by6, ["--host", ipv6, "--insecure"]);
  on.server("second", "nowhere", by4, [...EVERYWHERE, "--advertise=10.77.0.99:4000"]);
  await advertised.waitFor(/^others get the address 10\.77\.0\.2:4000$/m);
  await advertised.waitFor(/likes add video 5 --server 127\.0\.0\.1:4000$/m);
}

/** The processes of one counter on several machines. */
class Processes {
  readonly #machines: Machines;
  readonly #counter: Counter;

  constructor(machines: Machines, counter: Counter) {
    this.#machines = machines;
    this.#counter = counter;
  }

  start(machine: string, args: readonly string[]): Spawned {
    const { dataDir, logDir } = this.#counter;
    const port = args.some((arg) => arg.startsWith("--port")) ? [] : ["--port=0"];
    const all = [...args, ...port, "--data-dir", dataDir, "--log-dir", logDir];
    return this.#counter.spawn(all, { through: this.#machines.on(machine) });
  }

  server(machine: string, id: string, primary: string, flags: readonly string[]): Spawned {
    return this.start(machine, ["start-likes", "--id", id, "--primary", primary, ...flags]);
  }

  likes(machine: string, args: readonly string[]): Promise<CommandResult> {
    return this.#counter.spawn(args, { through: this.#machines.on(machine) }).result();
  }

  add(machine: string, primary: string): Promise<CommandResult> {
    return this.likes(machine, ["add", "video", "--primary", primary, "--timeout=30s"]);
  }

  /** Returns the LikesServers, once `count` are streaming. */
  delivering(count: number, primary: string): Promise<Shown["servers"]> {
    const args = ["status", "--once", "--json", "--primary", primary];
    return eventually(`${count} streaming`, async () => {
      const { servers } = JSON.parse((await this.likes("third", args)).stdout) as Shown;
      const delivering = servers.filter(({ state }) => state === "SERVER_STATE_STREAMING");
      return delivering.length === count ? servers : undefined;
    });
  }
}

/** The fields of a JSON status that this test reads. */
interface Shown {
  readonly servers: readonly {
    readonly serverId: string;
    readonly address: string;
    readonly state: string;
  }[];
}

test.run();
