import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../../src/errors.ts";
import { expectFreePort } from "../../../src/rpc/client/free_port.ts";

const HOST = "127.0.0.1";

test("expectFreePort() throws and names the port while a process listens there", async () => {
  const taken = createServer().listen(0, HOST);
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const expected = expectFreePort({ host: HOST, port });
  const error = await expected.catch((thrown: unknown) => thrown);
  assert.ok(error instanceof LikesError && error.code === "port_taken");
  assert.match(error.message, `Cannot listen on ${HOST}:${port}`);
  taken.close();
  await once(taken, "close");
  await expectFreePort({ host: HOST, port });
});

test("expectFreePort() accepts port 0, which means any free one", async () => {
  await expectFreePort({ host: HOST, port: 0 });
});

test.run();
