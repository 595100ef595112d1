/** How each process ends: by Ctrl-C, SIGTERM, a closed pipe, or the death of its parent. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { likesServerLogName } from "../../src/log/log_file.ts";
import { becomes } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { sampleOf } from "../fixtures/extent.ts";
import { healthOf } from "../fixtures/health.ts";
import { Clients } from "../fixtures/clients.ts";
import { knocking } from "../fixtures/knocking.ts";
import { refusingPrimary } from "../fixtures/refusing_primary.ts";
import type { Refusing } from "../fixtures/refusing_primary.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

/** Each kind of rejection, by how far a stream gets before it. */
const REFUSALS: readonly Refusing[] = [
  { at: "hello", refusal: { code: "protocol_version", message: "Cannot speak version 1" } },
  { at: "report", refusal: { code: "too_many", message: "Cannot admit another outbox" } },
  { at: "report", refusal: { code: "trouble_unrecorded", message: "Cannot record gap" } },
  { at: "commit", refusal: { code: "disk_full", message: "Cannot write the ledger" } },
];

test("a LikesServer leaves on the first signal under load, and is admitted again", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const records = [];
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const role = await counter.startAccepting("a");
    await using clients = new Clients(role.address, { name: signal });
    await becomes("some likes", () => clients.acceptedEvents > 100);
    const { code, stdout } = await role.end(signal);
    records.push(...(await clients.stop()));
    assert.is(code, 0);
    assert.match(stdout, "a stopped; 0 events pending in its outbox\n");
    await expectExact(counter, {}, records);
  }
});

test("a LikesServer with --stay remains a member after SIGTERM", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a", { flags: ["--stay"] });
  await counter.add(role, 5);
  const { code, stdout } = await role.end("SIGTERM");
  assert.is(code, 0);
  assert.match(stdout, "0 events pending in its outbox");
  const { servers, totalLikes } = await counter.status();
  assert.equal(
    servers.map(({ serverId }) => serverId),
    ["a"],
  );
  assert.is(totalLikes, 5n);
  // A member needs no primary to accept.
  await primary.end("SIGKILL");
  await counter.add(await counter.startLikes("a"), 7);
});

test("a LikesServer prints its pending events when its primary is away, and ends in time", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  await primary.end("SIGKILL");
  for (const likes of [0, 1, 2]) await counter.add(role, likes);
  const { code, stdout } = await role.end("SIGTERM");
  assert.is(code, 0);
  assert.match(stdout, "a stopped; 3 events pending in its outbox\n");
  await counter.startPrimary();
  const again = await counter.startAccepting("a");
  await expectExact(counter, { a: again }, []);
});

test("a LikesServer ends at once on the second signal", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  await primary.end("SIGKILL");
  await counter.add(role, 5);
  role.signal("SIGTERM");
  await becomes("stopping", async () => {
    return (await counter.likes(["add", "video", "--server", role.address])).code === 3;
  });
  const { code } = await role.end("SIGINT");
  assert.is(code, 130);
  assert.is(counter.tally("a").likes, 5n);
});

test("the primary ends on the first signal, and its LikesServers wait for the next", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  const { code } = await primary.end("SIGTERM");
  assert.is(code, 0);
  await counter.add(role, 5);
  await counter.startPrimary();
  await expectExact(counter, { a: role }, []);
});

test("a role shuts down cleanly on SIGHUP, however many a closing terminal sends", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  await counter.add(role, 5);
  for (let hangUps = 0; hangUps < 3; hangUps++) role.signal("SIGHUP");
  const left = await role.result();
  assert.is(left.code, 0);
  assert.match(left.stdout, "a stopped; 0 events pending in its outbox\n");
  await expectExact(counter, {}, []);
  for (let hangUps = 0; hangUps < 3; hangUps++) primary.signal("SIGHUP");
  assert.is((await primary.result()).code, 0);
});

/** A terminal that runs a command, and closes when it is killed. */
const TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])";

/** Ways to start a process that ignores a signal, and the signal. */
const ALL_IGNORING = [
  { through: ["sh", "-c", 'trap "" INT; exec "$@"', "sh"], signal: "SIGINT" },
  { through: ["nohup"], signal: "SIGHUP" },
  { through: ["sh", "-c", '"$@" & echo pid $!; wait $!', "sh"], signal: "SIGINT" },
  { through: ["sh", "-c", 'trap "" TERM; exec "$@"', "sh"], signal: "SIGTERM" },
] as const;
const IGNORING = sampleOf(ALL_IGNORING, 2);

test("a role keeps running on a signal that was ignored when it started", async () => {
  await using counter = new Counter();
  for (const { through, signal } of IGNORING) {
    const what = `${signal} through ${through.join(" ")}`;
    const role = await counter.startPrimary({ through, installed: true });
    for (let times = 0; times < 2; times++) {
      process.kill(pidOf(role), signal);
      await counter.status();
    }
    assert.not.ok(role.hasEnded, what);
    process.kill(pidOf(role), signal === "SIGTERM" ? "SIGINT" : "SIGTERM");
    assert.is((await role.result()).code, 0, what);
  }
  // Behind another Node process, such as npx, only the shell's name of the command remains.
  const env = { _: "/usr/bin/nohup" };
  const role = await counter.startPrimary({ env });
  role.signal("SIGHUP");
  await counter.status();
  assert.is((await role.end("SIGTERM")).code, 0);
});

test("a role shuts down cleanly when its terminal closes", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const through = ["python3", "-c", TERMINAL, "sh", "-c", 'echo pid $$; exec "$@"', "sh"];
  const role = await counter.startAccepting("a", { through, installed: true });
  await counter.add(role, 5);
  await role.end("SIGKILL");
  try {
    await becomes("the leave", () => logOf(counter, "a").includes("stopped: 0 event"));
  } finally {
    spawnSync("kill", ["-KILL", `${pidOf(role)}`]); // not a child of this test, and gone by now
  }
  await expectExact(counter, {}, []);
});

test("SIGUSR1 opens no debugger on a role, with or without a parent", async () => {
  await using counter = new Counter();
  const supervised = { flags: ["--supervised"], ipc: true };
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b", supervised);
  const roles = [primary, a, b];
  for (const role of roles) {
    role.signal("SIGUSR1");
    await healthOf(role.address);
    role.signal("SIGUSR1");
  }
  await expectExact(counter, { a, b }, []);
  for (const { stderr } of roles) assert.not.match(stderr, "Debugger");
});

test("a LikesServer prints once what it waits for when there is no primary", async () => {
  await using counter = new Counter();
  await using nobody = await knocking();
  const flags = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  const role = counter.spawn(["start-likes", "--primary", nobody.address, ...flags]);
  await becomes("several attempts", () => nobody.knocks >= 4);
  const waits = role.stderr.match(/waiting for the primary/g) ?? [];
  assert.is(waits.length, 1, role.stderr);
  assert.match(role.stderr, `waiting for the primary at ${nobody.address}`);
  assert.match(role.stderr, "npx likes start-primary");
  assert.match(role.stdout, /^listening 127\.0\.0\.1:\d+\n/);
  const { code, stdout } = await role.end("SIGTERM");
  assert.is(code, 0, "no one waits for a server that was never admitted");
  assert.match(stdout, "likes-server-0 stopped; 0 events pending in its outbox");
});

test("a LikesServer prints once why it is rejected, and once that it is connected", async () => {
  await using counter = new Counter();
  await using primary = await refusingPrimary();
  const flags = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  primary.refuses = REFUSALS[0];
  const role = counter.spawn(["start-likes", "--id", "a", "--primary", primary.address, ...flags]);
  const log = (): string => {
    return readFileSync(join(counter.logDir, likesServerLogName("a"), "log.txt"), "utf8");
  };
  for (const refuses of REFUSALS) {
    primary.refuses = refuses;
    primary.refused = 0;
    await becomes(`several rejections at the ${refuses.at}`, () => primary.refused >= 3);
  }
  for (const text of [role.stderr, log()]) {
    for (const { refusal } of REFUSALS) {
      assert.is(text.split(refusal.message).length - 1, 1, text);
    }
    assert.not.match(text, "connected to the primary");
  }
  assert.is(role.stderr.match(/waiting for the primary/g)?.length, REFUSALS.length, role.stderr);
  primary.refuses = undefined;
  await role.waitFor(/^connected to the primary at /m);
  await becomes("the connection in the log", () => log().includes("connected to the primary: "));
  await role.end("SIGKILL");
  assert.is(role.stderr.match(/connected to the primary/g)?.length, 1, role.stderr);
});

test("a role keeps running when its output pipe closes", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  role.stopReading();
  await primary.end("SIGKILL");
  await becomes("the wait in its log", () => {
    return logOf(counter, "a").includes("disconnected");
  });
  await counter.add(role, 5); // repeatedly: its output follows a moment later
  await counter.startPrimary();
  await expectExact(counter, { a: role }, []);
  await counter.add(role, 7);
  assert.is((await role.end("SIGTERM")).code, 0);
  await expectExact(counter, {}, []);
});

test("a command exits silently, without a claim, when its output pipe closes", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  for (const flags of [[], ["--json"]]) {
    const args = ["status", "--interval", "100ms", "--primary", counter.primary, ...flags];
    const status = counter.spawn(args);
    await becomes("a line", () => status.stdout.includes("\n"));
    status.stopReading();
    const { code, stderr } = await status.result();
    assert.is(code, 141);
    assert.is(stderr, "");
  }
});

test("a supervised role ends when its parent is gone", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary({ flags: ["--supervised"], ipc: true });
  const role = await counter.startLikes("a", { flags: ["--supervised"], ipc: true });
  role.disconnect();
  await role.result();
  primary.disconnect();
  await primary.result();
});

/** Returns the process that the role's starter printed; otherwise the one started here. */
function pidOf({ pid, stdout }: Role): number {
  return Number(/^pid (\d+)/m.exec(stdout)?.[1] ?? pid);
}

function logOf({ logDir }: Counter, id: string): string {
  return readFileSync(join(logDir, likesServerLogName(id), "log.txt"), "utf8");
}

test.run();
