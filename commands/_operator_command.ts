/** Shared by an operator's commands: they ask the primary's socket, and print what it decided. */
import * as Flags from "@oclif/core/flags";
import { decisionText } from "../src/text/trouble_text.ts";
import { quote } from "../src/text/escape.ts";
import type { DecisionRow } from "../src/core/ledger/rows.ts";
import { LikesError } from "../src/errors.ts";
import { REASON_BYTES_MAX } from "../src/limits.ts";
import type { OperatorClient } from "../src/rpc/client/operator_client.ts";
import { BaseCommand } from "./_base_command.ts";
import { roleFlags, timeoutFlag } from "./_flags.ts";

/** The flags of an operator's commands. */
export const operatorFlags = {
  reason: Flags.custom<string>({ parse: (text) => Promise.resolve(parseReason(text)) })({
    summary: `reason, kept in the ledger (at most ${REASON_BYTES_MAX} bytes)`,
    default: "",
  }),
  "data-dir": roleFlags["data-dir"],
  timeout: timeoutFlag,
};

/** A command that asks for a decision. */
export abstract class OperatorCommand extends BaseCommand {
  /** Calls `ask` with a client of the primary of `dataDir`. Returns its answer. */
  protected async askPrimary<T>(
    dataDir: string,
    ask: (client: OperatorClient) => Promise<T>,
  ): Promise<T> {
    const { OperatorClient } = await import("../src/rpc/client/operator_client.ts");
    const { operatorSocketPath } = await import("../src/rpc/server/operator_socket.ts");
    const client = new OperatorClient(operatorSocketPath(dataDir));
    const answer = await ask(client);
    client.close();
    return answer;
  }

  /** Asks the primary of `dataDir`, and prints what it decided. */
  protected async decide(
    dataDir: string,
    ask: (client: OperatorClient) => Promise<readonly DecisionRow[]>,
  ): Promise<void> {
    const { writeDecision } = await import("../src/rpc/wire/operator_wire.ts");
    const decisions = await this.askPrimary(dataDir, ask);
    const text = decisions.map(decisionText).join("\n");
    this.done(text, { decisions: decisions.map(writeDecision) });
  }
}

function parseReason(text: string): string {
  if (Buffer.byteLength(text) <= REASON_BYTES_MAX && !/\p{Cc}/u.test(text)) return text;
  const bounds = `at most ${REASON_BYTES_MAX} bytes, without control characters`;
  throw new LikesError("usage", `Cannot use the reason ${quote(text)}: give ${bounds}`);
}
