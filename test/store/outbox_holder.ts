/**
 * A process that holds an outbox until it is killed: `outbox_holder.ts <folder>`. It accepts two
 * events, says so to its parent, and ends with it.
 */
import { openSqliteOutbox } from "../../src/store/outbox/sqlite_outbox.ts";
import { OUTBOX_ID, SERVER_ID, acknowledge, append } from "./outbox/outbox_fixture.ts";
import { testId } from "./faults.ts";

const incarnation = testId(1);
const outbox = openSqliteOutbox(process.argv[2] ?? "", SERVER_ID, OUTBOX_ID);
await outbox.write([
  { type: "mint", incarnation },
  append(incarnation, [1, 1], { mark: "tick 1" }),
  append(incarnation, [2, 2]),
  acknowledge(incarnation, 1),
  { type: "trim", incarnation, upTo: 1 },
]);
process.on("disconnect", () => process.exit());
process.send?.("held");
