import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readStatus, writeStatus } from "../../../src/rpc/wire/status_wire.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { troubleStatus } from "./arbitrary_messages.ts";
import { recodeStatus } from "../over_the_wire.ts";
import { emptyStatus, serverStatus } from "../serving.ts";

const FOREIGN = { serverId: "a", outboxId: testId(3), address: "a:1", sinceMs: 5 };
const foreignServers = [
  { ...FOREIGN, ledgerId: testId(4), fingerprint: undefined },
  { ...FOREIGN, ledgerId: undefined, fingerprint: testId(4) },
];
/** As one that has not come since the primary's start, and is in trouble. */
const SILENT = { state: "silent", incarnation: undefined, troubleCount: 3 } as const;
const unrecorded = [
  {
    serverId: "b",
    outboxId: testId(5),
    address: "b:1",
    incarnation: testId(6),
    kind: "gap" as const,
    sinceMs: 6,
  },
];

test("readStatus() returns any valid status as it was written, with its troubles", () => {
  fc.assert(
    fc.property(fc.array(troubleStatus, { maxLength: 5 }), fc.nat(), (troubles, more) => {
      const servers = [serverStatus(1), { ...serverStatus(2), ...SILENT }];
      const troubleCount = troubles.length + more;
      for (const writeFailure of [undefined, "disk_full", "store_busy"] as const) {
        const changes = {
          servers,
          troubles,
          troubleCount,
          foreignServers,
          unrecorded,
          writeFailure,
        };
        const status = { ...emptyStatus(7), ...changes };
        assert.equal(readStatus(recodeStatus(writeStatus(status))), status);
      }
    }),
  );
});

test("readStatus() refuses a status with an invalid state, trouble or number", async () => {
  const status = { ...emptyStatus(1), servers: [serverStatus(1)], foreignServers, unrecorded };
  const valid = writeStatus(status);
  const [[server], [foreign], [refused]] = [valid.servers, valid.foreignServers, valid.unrecorded];
  for (const wrong of [
    { servers: [{ ...server, state: "SERVER_STATE_UNSPECIFIED" as const }] },
    { troubles: [{ number: 1 }] },
    { servers: [{ ...server, serverId: "" }] },
    { servers: [{ ...server, outboxId: "" }] },
    { servers: [{ ...server, incarnation: "x" }] },
    { servers: [{ ...server, address: "\u001b" }] },
    { foreignServers: [{ ...foreign, sinceUnixMs: "-1" }] },
    { foreignServers: [{ ...foreign, ledgerId: "" }] },
    { foreignServers: [{ ...foreign, ledgerId: "", fingerprint: "x" }] },
    { unrecorded: [{ ...refused, sinceUnixMs: "-1" }] },
    { unrecorded: [{ ...refused, kind: "TROUBLE_KIND_UNSPECIFIED" as const }] },
    { unrecorded: [{ ...refused, incarnation: "" }] },
    { ledgerId: "" },
    { generation: "" },
    { asOfUnixMs: "-1" },
    { convergence: "CONVERGENCE_UNSPECIFIED" as const },
  ]) {
    const wire = recodeStatus({ ...valid, ...wrong });
    await faultOf("message_invalid", () => readStatus(wire));
  }
});

test.run();
