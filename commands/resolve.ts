import * as Flags from "@oclif/core/flags";
import { parseWhole } from "../src/text/numbers.ts";
import { decisionText, troublePart, undecidedText } from "../src/text/trouble_text.ts";
import type { TroubleStatus } from "../src/core/primary/status.ts";
import { EXIT, LikesError } from "../src/errors.ts";
import type { OperatorClient } from "../src/rpc/client/operator_client.ts";
import type { ResolveAllOptions, Resolved } from "../src/rpc/client/resolve_all.ts";
import { OperatorCommand, operatorFlags } from "./_operator_command.ts";
import { argument, parseMember } from "./_flags.ts";

/** The range of a uint32, which the request has. */
const TROUBLE_NUMBER_MAX = 2 ** 32 - 1;

/** `likes resolve`. */
export class Resolve extends OperatorCommand {
  static override summary = "end a trouble, at the primary";
  static override description =
    "likes status names each trouble, its number, and the command that ends it. gap: counting " +
    "continues after it. outbox_rolled_back and digest_differs: no more of that incarnation " +
    "counts. second_incarnation: the one that streams stays. Other kinds: the trouble is " +
    "known. --all lists the troubles of a LikesServer, and with --yes resolves one after " +
    "another. The ledger keeps each decision for ever. Run it on the primary's machine, as " +
    "the user of the primary.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 3",
    '<%= config.bin %> <%= command.id %> 3 --reason "no copy of that outbox is left"',
    "<%= config.bin %> <%= command.id %> --all --of likes-server-3",
    "<%= config.bin %> <%= command.id %> --all --of likes-server-3 --yes",
  ];
  static override args = {
    number: argument((text) => parseWhole(text, 1, TROUBLE_NUMBER_MAX, "the trouble's number"))({
      description: "number of the trouble, from likes status",
    }),
  };
  static override flags = {
    all: Flags.boolean({ summary: "every trouble of the LikesServers that --of names" }),
    of: Flags.custom<string>({ parse: (text) => Promise.resolve(parseMember(text)) })({
      summary: "id of a LikesServer, or of its outbox; with --all; repeatable",
      helpValue: "SERVER",
      multiple: true,
    }),
    yes: Flags.boolean({ summary: "resolve them instead of listing them; with --all" }),
    ...operatorFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Resolve);
    const { reason, timeout: timeoutMs, "data-dir": dataDir, all, of = [], yes } = flags;
    checkChoice(args.number, { all, of, yes });
    const { number } = args;
    if (number !== undefined) {
      return this.decide(dataDir, (client) => client.resolve(number, reason, timeoutMs));
    }
    await this.askPrimary(dataDir, async (client) => {
      const { listTroubles } = await import("../src/rpc/client/resolve_all.ts");
      const troubles = await listTroubles(client, of, timeoutMs);
      if (yes) await this.#resolveAll(client, troubles, { reason, timeoutMs });
      else await this.#list(troubles);
    });
  }

  async #list(troubles: readonly TroubleStatus[]): Promise<void> {
    const { writeTroubleStatus } = await import("../src/rpc/wire/trouble_wire.ts");
    for (const trouble of troubles) {
      if (this.jsonEnabled()) this.printJson({ trouble: writeTroubleStatus(trouble) });
      this.printResult(troublePart(trouble));
    }
    if (this.jsonEnabled()) return;
    this.printMessage("nothing is decided yet: add --yes to resolve all of these");
  }

  async #resolveAll(
    client: OperatorClient,
    troubles: readonly TroubleStatus[],
    options: ResolveAllOptions,
  ): Promise<void> {
    const { resolveAll } = await import("../src/rpc/client/resolve_all.ts");
    let failed = 0;
    for await (const resolved of resolveAll(client, troubles, options)) {
      if (resolved.type === "refused") failed++;
      await this.#print(resolved);
    }
    if (failed === 0) return;
    this.printMessage(`${failed} of ${troubles.length} are not resolved`);
    process.exit(EXIT.failed);
  }

  async #print(resolved: Resolved): Promise<void> {
    const { writeDecision } = await import("../src/rpc/wire/operator_wire.ts");
    const { type, trouble } = resolved;
    const decisions = type === "decided" ? resolved.decisions : [];
    const message = type === "refused" ? resolved.message : undefined;
    const text =
      type === "decided" ? decisions.map(decisionText).join("\n") : undecidedText(trouble, message);
    const outcome = { outcome: type, decisions: decisions.map(writeDecision), message };
    this.done(text, { troubleNumber: trouble.number, ...outcome });
  }
}

interface Choice {
  readonly all: boolean;
  readonly of: readonly string[];
  readonly yes: boolean;
}

/** Checks that one trouble is chosen by number, or all of a LikesServer. Throws `usage`. */
function checkChoice(number: number | undefined, { all, of, yes }: Choice): void {
  const isOne = number !== undefined && !all && of.length === 0 && !yes;
  const isAll = number === undefined && all && of.length > 0;
  if (isOne || isAll) return;
  const message =
    "Cannot choose the troubles to resolve: give the number of one, or --all with --of SERVER; " +
    "see likes status";
  throw new LikesError("usage", message);
}
