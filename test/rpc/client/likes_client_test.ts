/** How `addLikes()` reports a failed call: certainly without effect, or with an unknown outcome. */
import { once } from "node:events";
import { constants, createServer } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../../src/errors.ts";
import type { FaultCode } from "../../../src/errors.ts";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";

/** Until then a client retries a refused stream. */
const LIMIT_MS = 5_000;

interface Answer {
  readonly name: string;
  readonly by: (stream: ServerHttp2Stream) => void;
  readonly fault: FaultCode;
}

const ANSWERS: readonly Answer[] = [
  // Without effect.
  { name: "no such method", by: ending({ "grpc-status": 12 }), fault: "wrong_role" },
  { name: "no such page", by: ending({ ":status": 404 }), fault: "wrong_role" },
  { name: "refused", by: resetting(constants.NGHTTP2_REFUSED_STREAM), fault: "peer_unreachable" },
  {
    name: "a fault",
    by: ending({ "grpc-status": 8, "likes-fault": "disk_full" }),
    fault: "disk_full",
  },
  // Unknown outcome.
  { name: "too many answers", by: answering(2, 0), fault: "outcome_unknown" },
  { name: "no answer and no error", by: answering(0, 0), fault: "outcome_unknown" },
  {
    name: "an answer that is too long",
    by: ending({ "grpc-status": 8 }),
    fault: "outcome_unknown",
  },
  { name: "away", by: ending({ "grpc-status": 14 }), fault: "outcome_unknown" },
  { name: "a bug", by: ending({ "grpc-status": 13 }), fault: "outcome_unknown" },
  { name: "cancelled", by: resetting(constants.NGHTTP2_CANCEL), fault: "outcome_unknown" },
  {
    name: "a failed store",
    by: ending({ "grpc-status": 13, "likes-fault": "store_failed" }),
    fault: "outcome_unknown",
  },
];

test("addLikes() throws outcome_unknown unless the call certainly had no effect", async () => {
  let by: Answer["by"] = () => {};
  const server = createServer().on("stream", (stream) => {
    stream.on("error", () => {});
    by(stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new LikesClient(`127.0.0.1:${port}`);
  const seen: string[] = [];
  for (const answer of ANSWERS) {
    by = answer.by;
    const given = client.addLikes({ itemId: "video", likes: 1n }, LIMIT_MS);
    seen.push(await given.then(String, (error: unknown) => codeOf(error)));
  }
  client.close();
  server.close();
  assert.equal(
    seen,
    ANSWERS.map(({ fault }) => fault),
  );
});

function codeOf(error: unknown): string {
  return error instanceof LikesError ? error.code : String(error);
}

/** Answers with only a status. */
function ending(headers: Readonly<Record<string, string | number>>): Answer["by"] {
  const head = { ":status": 200, "content-type": "application/grpc", ...headers };
  return (stream) => stream.respond(head, { endStream: true });
}

/** Answers with a number of empty messages, and then with `status`. */
function answering(messages: number, status: number): Answer["by"] {
  return (stream) => {
    const head = { ":status": 200, "content-type": "application/grpc" };
    stream.respond(head, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
    stream.end(Buffer.alloc(messages * 5));
  };
}

function resetting(code: number): Answer["by"] {
  return (stream) => stream.close(code);
}

test.run();
