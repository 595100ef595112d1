import { test } from "uvu";
import * as assert from "uvu/assert";
import { OperatorClient } from "../../../src/rpc/client/operator_client.ts";
import { serveOperator } from "../../../src/rpc/server/operator_socket.ts";
import { healthOf } from "../../fixtures/health.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf } from "../../store/faults.ts";
import { TROUBLES_RECORDED_MAX, TROUBLE_DETAIL_BYTES_MAX } from "../../../src/limits.ts";
import { DECISION, TROUBLE, serveDecided } from "../operator_fixture.ts";

const LIMIT_MS = 5_000;

test("operatorService() passes on requests and answers with the decisions", async () => {
  const another = { ...DECISION, number: 5, kind: "retire", trouble: undefined } as const;
  await using decided = await serveDecided({ type: "decided", decisions: [DECISION, another] });
  using closing = new Closing(decided.path);
  const { client } = closing;
  assert.equal(await client.retire("likes-server-1", "gone", LIMIT_MS), [DECISION, another]);
  assert.equal(await client.resolve(3, "", LIMIT_MS), [DECISION, another]);
  assert.equal(decided.requests, [
    { type: "retire", server: "likes-server-1", reason: "gone" },
    { type: "resolve", troubleNumber: 3, reason: "" },
  ]);
  assert.is(await healthOf(`unix:${decided.path}`, "likes.v1.OperatorService"), "SERVING");
});

test("operatorService() answers the role's own refusal when it decides nothing", async () => {
  const refusal = { code: "decision_refused", message: "Cannot retire a: it streams" } as const;
  await using decided = await serveDecided({ type: "refused", refusal });
  using closing = new Closing(decided.path);
  const fault = await faultOf("decision_refused", () => closing.client.retire("a", "", LIMIT_MS));
  assert.is(fault.message, refusal.message);
});

test("operatorService() refuses an invalid request before the role gets it", async () => {
  await using decided = await serveDecided({ type: "decided", decisions: [DECISION] });
  using closing = new Closing(decided.path);
  const { client } = closing;
  await faultOf("message_invalid", () => client.retire("", "", LIMIT_MS));
  await faultOf("message_invalid", () => client.resolve(0, "", LIMIT_MS));
  assert.equal(decided.requests, []);
});

test("operatorService() does not send the text when the role has a bug", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/s`;
  const server = await serveOperator(path, {
    decide: () => {
      throw new Error("a secret");
    },
    troublesOf: () => {
      throw new Error("a secret");
    },
  });
  using closing = new Closing(path);
  const fault = await faultOf("outcome_unknown", () => closing.client.resolve(1, "", LIMIT_MS));
  assert.not.match(fault.message, "a secret");
  const unread = await faultOf("peer_failed", () => closing.client.troublesOf("a", LIMIT_MS));
  assert.not.match(unread.message, "a secret");
  await server.close();
});

test("operatorService() lists as many troubles as a ledger records", async () => {
  const troubles = Array.from({ length: TROUBLES_RECORDED_MAX + 1 }, (_, index) => ({
    ...TROUBLE,
    number: index + 1,
    detail: "é".repeat(TROUBLE_DETAIL_BYTES_MAX / 2),
  }));
  const others = [{ ...TROUBLE, serverId: "b", number: 2_000 }];
  await using decided = await serveDecided(undefined, [...troubles, ...others]);
  using closing = new Closing(decided.path);
  assert.equal(await closing.client.troublesOf("a", LIMIT_MS), troubles);
  assert.equal(await closing.client.troublesOf("c", LIMIT_MS), []);
  await faultOf("message_invalid", () => closing.client.troublesOf("", LIMIT_MS));
});

/** Returns a client that is closed at the end of a test. */
class Closing implements Disposable {
  readonly client: OperatorClient;

  constructor(path: string) {
    this.client = new OperatorClient(path);
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

test.run();
