/** `likes add` when the answer is lost after the likes were sent: it says so, and never resends. */
import { once } from "node:events";
import { createServer } from "node:http2";
import type { Http2Session, ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../fixtures/spawned.ts";

test("add exits 5 when the connection is cut after the likes were sent", async () => {
  await using fake = await deaf((session) => session.destroy());
  for (const flags of [[], ["--json"]]) await expectUnknown(fake, flags);
});

test("add exits 5 when no answer comes in time", async () => {
  // Long enough that the likes are sent, however busy the machine is.
  const timeout = ["--timeout", "5s"];
  await Promise.all(
    [[], ["--json"]].map(async (flags) => {
      await using fake = await deaf(() => {});
      await expectUnknown(fake, [...timeout, ...flags]);
    }),
  );
});

async function expectUnknown(fake: Deaf, flags: readonly string[]): Promise<void> {
  const before = fake.calls;
  const { code, stdout, stderr } = await run([
    "add",
    "video",
    "5",
    "--server",
    fake.address,
    ...flags,
  ]);
  assert.is(code, 5, stdout + stderr);
  assert.match(stdout + stderr, "Cannot tell whether the likes were accepted");
  assert.match(stdout + stderr, "may count them twice");
  assert.is(fake.calls, before + 1, "it does not retry by itself");
  assert.is(stdout.split("\n").length, flags.includes("--json") ? 2 : 1, stdout);
}

interface Deaf extends AsyncDisposable {
  readonly address: string;
  readonly calls: number;
}

/** A LikesServer that receives a call, never answers it, and calls `then` with its connection. */
async function deaf(then: (session: Http2Session) => void): Promise<Deaf> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  let calls = 0;
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    calls++;
    stream.on("error", () => {}).resume();
    stream.on("end", () => stream.session && then(stream.session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    get calls() {
      return calls;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test.run();
