import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../../src/errors.ts";
import { listTroubles, resolveAll } from "../../../src/rpc/client/resolve_all.ts";
import type { TroubleResolver } from "../../../src/rpc/client/resolve_all.ts";
import { faultOf } from "../../store/faults.ts";
import { DECISION, TROUBLE } from "../operator_fixture.ts";

const OPTIONS = { reason: "", timeoutMs: 1_000 };

function trouble(number: number, serverId = "a") {
  return { ...TROUBLE, number, serverId };
}

test("listTroubles() lists each trouble once, oldest first, or throws when none", async () => {
  const troubles = [trouble(3), trouble(1, "b"), trouble(2)];
  const client: TroubleResolver = {
    resolve: () => Promise.reject(new Error("unexpected resolve()")),
    troublesOf: (server) => {
      return Promise.resolve(
        troubles.filter((one) => [one.serverId, one.outboxId].includes(server)),
      );
    },
  };
  const listed = await listTroubles(client, ["a", "b", TROUBLE.outboxId], 1_000);
  assert.equal(
    listed.map(({ number }) => number),
    [1, 2, 3],
  );
  const fault = await faultOf("decision_refused", () => listTroubles(client, ["a", "c"], 1_000));
  assert.match(fault.message, 'no trouble of "c"');
});

test("resolveAll() ends when an outcome is unknown, or nothing can be decided", async () => {
  for (const code of ["outcome_unknown", "disk_full", "peer_unreachable"] as const) {
    const asked: number[] = [];
    const client: TroubleResolver = {
      resolve: (number) => {
        asked.push(number);
        if (number === 2) return Promise.reject(new LikesError(code, "no"));
        return Promise.resolve([{ ...DECISION, trouble: { number, kind: "gap" } }]);
      },
      troublesOf: () => Promise.resolve([]),
    };
    const told: string[] = [];
    const work = async (): Promise<void> => {
      for await (const { type } of resolveAll(
        client,
        [1, 2, 3].map((n) => trouble(n)),
        OPTIONS,
      )) {
        told.push(type);
      }
    };
    await faultOf(code, work);
    assert.equal([asked, told], [[1, 2], ["decided"]]);
  }
});

test.run();
