/** Typing mistakes: a clear error with the way out, the right exit code, and no effect. */
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { expectExact } from "../fixtures/expect_exact.ts";
import { sampleOf } from "../fixtures/extent.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import type { CommandResult } from "../fixtures/spawned.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { typed } from "../fixtures/typed.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";

interface Mistake {
  readonly args: readonly string[];
  readonly exit: number;
  /** Texts that the message must contain. */
  readonly says: readonly string[];
}

const FAR = "--server=192.0.2.1:1";
const TOO_LONG = "é".repeat(128) + "a";

/** These need a process of their own: a hook looks for the command, and exits. */
const UNKNOWN: readonly Mistake[] = [
  usage(["nonsense"], "Cannot find the command"),
  usage(["statsu"], '"statsu"', "did you mean status?"),
  usage(["start_primary", "--help"], "did you mean start-primary?"),
];

const MISTYPED: readonly Mistake[] = [
  usage(["status", "--nonsense"], "--nonsense"),
  usage(["status", "--interval", "5"], '--interval: Cannot read the duration "5"', "e.g. 30s"),
  usage(["status", "--interval", "-1s"], "-1s"),
  usage(["status", "--interval", "99ms"], "give at least 100ms"),
  usage(["status", "--interval", "61s"], "give at most 60s"),
  usage(["status", "--timeout", "1e9s"], '"1e9s"'),
  usage(["status", "--timeout", "9999h"], "give at most 168h"),
  usage(["status", "--once", "--wait"], "--wait"),
  usage(["status", "--once", "--interval", "1s"], "--interval"),
  usage(["add", "video", "--serer", "127.0.0.1:1"], "--serer", "did you mean --server?"),
  usage(["key"], "the site is missing"),
  usage(["key", ""], "Cannot use an empty site: give its name"),
  usage(["key", "blog/post-1"], "it has a slash"),
  usage(["key", "blog", "--add", "--remove", "likes_x"], "Cannot use --add with --remove"),
  usage(["help", "statsu"], "did you mean status?"),
  usage(["status", "--primary", "nowhere"], '"nowhere"', "give host:port"),
  usage(["start-primary", "--port", "65536"], "from 0 to 65,535"),
  usage(["start-primary", "--port", "0x50"], '"0x50"'),
  usage(["start-primary", "--host", "a b"], '"a b"'),
  usage(["start-primary", "--host", "0.0.0.0"], "nothing is encrypted yet", "--insecure"),
  usage(["start-primary", "--host", "::"], "--insecure"),
  usage(["start-likes", "--host", "192.0.2.1"], "--insecure"),
  ...["start-primary", "start-likes"].flatMap((role) => [
    usage([role, "--advertise", "0.0.0.0:1"], "--advertise", "Cannot advertise"),
    usage([role, "--advertise", "[::]:1"], "Cannot advertise"),
    usage([role, "--advertise", "[::ffff:0.0.0.0]:1"], "Cannot advertise"),
    usage([role, "--advertise", "0x0:1"], "--advertise: Cannot"),
    usage([role, "--advertise", "10.0.0.1:0"], "--advertise: Cannot"),
    usage([role, "--advertise", "10.0.0.1"], "Cannot read the address"),
  ]),
  usage(["start-likes", "--generate", "--interval-min", "2s", "--interval-max", "1s"], "is above"),
  usage(["start-likes", "--interval-min", "2s"], "--interval-min", "nothing without --generate"),
  usage(["start-likes", "--seed", "1"], "--seed", "nothing without --generate"),
  usage(["start-likes", "--item", "a", "--stay"], "--item", "nothing without --generate"),
  usage(["start-likes", "--interval-min", "9ms"], "give at least 10ms"),
  usage(["start-likes", "--likes-max", "1000001"], "from 0 to 1,000,000"),
  usage(["start-likes", "--likes-max", "1.5"], '"1.5"'),
  usage(["start-likes", "--seed", "-1"], "from 0 to 4,294,967,295"),
  usage(["start-likes", "--item", "__proto__"], "reserved"),
  usage(["start-likes", "--id", "../a"], "a-z A-Z 0-9"),
  usage(["start-likes", "--id", "a".repeat(65)], "1 to 64"),
  usage(["start-likes", "--id", "primary"], 'not "primary"'),
  usage(["orchestrate", "--servers", "101"], "from 1 to 100"),
  usage(["add"], "item"),
  usage(["add", "", FAR], "an empty item id", "1 to 256 bytes"),
  usage(["add", TOO_LONG, FAR], "257 bytes", "at most 256"),
  usage(["add", "a\nb", FAR], "control characters"),
  usage(["add", "a\u001b[2J", FAR], "control characters"),
  usage(["add", "__proto__", FAR], "reserved"),
  usage(["add", " ", FAR], "begins or ends with a blank"),
  usage(["add", "video ", FAR], '"video "', "remove the blank"),
  usage(["add", "video", "-1", FAR], "from 0 to 1,000,000"),
  usage(["add", "video", "1.5", FAR], "a whole number"),
  usage(["add", "video", "1000001", FAR], "from 0 to 1,000,000"),
  usage(["add", "video", "1e3", FAR], '"1e3"'),
  usage(["add", "video", "--server", "a:1", "--primary", "b:1"], "--server"),
  usage(["count", "--limit", "0"], "from 1 to 1,000"),
  usage(["count", "__proto__"], "reserved"),
  usage(["count", "video", "--limit", "3"], "leave the items out, or the flags"),
  usage(["start-likes", "--retain", "1"], "e.g. 30s"),
  usage(["start-likes", "--retain-size", "256MB"], '"256MB"', "e.g. 256MiB"),
  usage(["start-likes", "--retain-size", "5GiB"], "give at most 4GiB"),
  usage(["retire"], "server"),
  usage(["retire", "a b"], '"a b"', "that of its outbox"),
  usage(["retire", "a", "--reason", "a\nb"], "without control characters"),
  usage(["retire", "a", "--reason", TOO_LONG], "at most 256 bytes"),
  usage(["resolve"], "number"),
  usage(["resolve", "0"], "from 1 to 4,294,967,295"),
  usage(["resolve", "gap"], '"gap"'),
  usage(["backup"], "destination"),
  usage(["backup", ""], "an empty folder name"),
];

test("a mistyped command says what to type, exits 2 and has no effect", async () => {
  await using state = temporaryFolder();
  const env = { HOME: state.path, XDG_STATE_HOME: state.path };
  for (const mistake of MISTYPED) expectEnd(mistake, await typed(mistake.args, env));
  assert.equal(readdirSync(state.path), [], "the state folder was not created");
});

test("a process started with a mistake exits as the command does", async () => {
  await using counter = new Counter();
  await expectEach(counter, [...UNKNOWN, ...sampleOf(MISTYPED, 3)]);
});

test("an error is one line of JSON when JSON is asked for", async () => {
  await using counter = new Counter();
  const mistakes: readonly Mistake[] = [
    usage(["status", "--nonsense"], "--nonsense"),
    usage(["add", "__proto__"], "reserved"),
    unreachable(["add", "video", "--server", "127.0.0.1:1", "--timeout", "1s"]),
    unreachable(["status", "--once", "--primary", "127.0.0.1:1", "--timeout", "1s"]),
    unreachable(["count", "--primary", "127.0.0.1:1", "--timeout", "1s"]),
  ];
  await Promise.all(
    mistakes.map(async ({ args, exit, says }) => {
      const { code, stdout, stderr } = await counter.likes([...args, "--json"]);
      assert.is(code, exit, args.join(" "));
      assert.is(stderr, "");
      assert.is(stdout.split("\n").length, 2, stdout);
      const { error } = JSON.parse(stdout) as { error: { message: string; exit: number } };
      assert.is(error.exit, exit);
      for (const text of says) assert.ok(error.message.includes(text), error.message);
    }),
  );
});

test("a command exits 3 and says so when no peer is there and nothing was sent", async () => {
  await using counter = new Counter();
  await expectEach(counter, [
    unreachable(["add", "video", "--server", "127.0.0.1:1", "--timeout", "1s"]),
    unreachable(["add", "video", "--primary", "127.0.0.1:1", "--timeout", "1s"]),
    unreachable(["count", "--primary", "127.0.0.1:1", "--timeout", "1s"]),
    unreachable(["status", "--once", "--primary", "127.0.0.1:1", "--timeout", "1s"]),
    unreachable(["status", "--wait", "--primary", "127.0.0.1:1", "--timeout", "1s"]),
  ]);
  await counter.startPrimary();
  const { code, stderr } = await counter.likes(["add", "video", "--primary", counter.primary]);
  assert.is(code, 3);
  assert.match(stderr, "npx likes start-likes");
});

test("a role does not start when its port or folder is in use, and running roles continue", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const role = await counter.startAccepting("a");
  await counter.add(role, 5);
  // Each command has fresh folders of its own, because two run at a time.
  let folders = 0;
  const fresh = () => ["--data-dir", join(counter.folder, `fresh-${++folders}`)];
  const freshLog = () => ["--log-dir", join(counter.folder, `fresh-log-${++folders}`)];
  const used = ["--data-dir", counter.dataDir];
  const usedLog = ["--log-dir", counter.logDir];
  const likes = ["start-likes", "--id", "a", "--primary", counter.primary];
  const onPort = (of: Role) => ["--port", of.address.replace(/^.*:/, "")];
  await expectEach(counter, [
    failed(["start-primary", ...fresh(), ...freshLog(), ...onPort(primary)], "in use", "--port"),
    failed(["start-likes", ...fresh(), ...freshLog(), ...onPort(role)], "in use", "--port"),
    failed(["start-primary", "--port=0", ...used, ...freshLog()], "another process holds it"),
    failed([...likes, ...used, ...freshLog()], "another process holds it", "name another folder"),
    failed(["start-primary", "--port=0", ...fresh(), ...usedLog], "another process", "--log-dir"),
    failed(
      [...likes, ...fresh(), ...usedLog],
      "another process logs there",
      "choose another --log-dir",
    ),
  ]);
  await expectExact(counter, { a: role }, []);
});

test("a role does not start on a store of a newer build, or of another program", async () => {
  await using counter = new Counter();
  await (await counter.startPrimary()).end("SIGTERM");
  await (await counter.startLikes("a")).end("SIGTERM");
  const ledger = join(counter.dataDir, "primary", "ledger.sqlite");
  const outbox = join(counter.outboxDir("a"), "outbox.sqlite");
  const folders = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  const primary = ["start-primary", "--port=0", ...folders];
  const likes = ["start-likes", "--id", "a", ...folders];
  for (const path of [ledger, outbox]) change(path, "user_version = 99");
  await expectEach(counter, [
    failed(primary, "found version 99", "use the build that wrote it"),
    failed(likes, "found version 99", "use the build that wrote it"),
  ]);
  for (const path of [ledger, outbox]) change(path, "application_id = 99");
  await expectEach(counter, [
    failed(primary, "another program", "name another folder"),
    failed(likes, "another program", "name another folder"),
  ]);
});

test("a role does not start when its log folder is a symbolic link", async () => {
  await using counter = new Counter();
  mkdirSync(counter.logDir);
  const target = join(counter.folder, "elsewhere");
  mkdirSync(target);
  symlinkSync(target, join(counter.logDir, "PrimaryLikesServer"));
  const folders = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  await expectEach(counter, [
    failed(["start-primary", "--port=0", ...folders], "a symbolic link", "--log-dir"),
  ]);
});

function usage(args: readonly string[], ...says: readonly string[]): Mistake {
  return { args, exit: 2, says };
}

function failed(args: readonly string[], ...says: readonly string[]): Mistake {
  return { args, exit: 1, says };
}

function unreachable(args: readonly string[]): Mistake {
  return { args, exit: 3, says: ["Cannot reach", "127.0.0.1:1"] };
}

/** Runs the commands, two at a time, and checks how each one ended. */
async function expectEach(counter: Counter, mistakes: readonly Mistake[]): Promise<void> {
  const waiting = [...mistakes];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      expectEnd(next, await counter.spawn(next.args).result());
    }
  };
  await Promise.all([lane(), lane()]);
}

function expectEnd({ args, exit, says }: Mistake, { code, stdout, stderr }: CommandResult): void {
  assert.is(code, exit, `likes ${args.join(" ")}\n${stdout}${stderr}`);
  assert.is(stdout, "");
  assert.ok(stderr.split("\n").length <= 4, stderr);
  for (const text of says) assert.ok(stderr.includes(text), `no ${text} in ${stderr}`);
}

function change(path: string, pragma: string): void {
  const database = new Database(path);
  database.pragma(pragma);
  database.close();
}

test.run();
