/** Client of OperatorService, through the socket in the primary's data folder. */
import { accessSync, constants } from "node:fs";
import type { ServiceError } from "@grpc/grpc-js";
import { LikesError } from "../../errors.ts";
import { monotonicMs } from "../../monotonic.ts";
import type { DecisionRow } from "../../core/ledger/rows.ts";
import type { TroubleStatus } from "../../core/primary/status.ts";
import { CHANNEL_OPTIONS, CREDENTIALS, connected, unary } from "./client.ts";
import { toLikesError, hadNoEffect } from "../faults.ts";
import type { ListTroublesResponse__Output } from "../gen/likes/v1/ListTroublesResponse.ts";
import type { RetireResponse__Output } from "../gen/likes/v1/RetireResponse.ts";
import { checkSocketPath } from "../server/operator_socket.ts";
import { readDecision } from "../wire/operator_wire.ts";
import { protos } from "../protos.ts";
import { readTroubleStatus } from "../wire/trouble_wire.ts";

const START_IT = "start the primary, or give its --data-dir";

type Call<Response> = Parameters<typeof unary<Response>>[0];

/** An operator at one primary. */
export class OperatorClient {
  readonly #client: InstanceType<typeof protos.OperatorService>;
  readonly #peer: string;

  /** `path` is that of the socket. Throws LikesError `peer_unreachable` when none can be used there. */
  constructor(path: string) {
    this.#peer = `the primary through ${JSON.stringify(path)}`;
    const refusal = checkSocketPath(path) ?? checkSocket(path);
    if (refusal !== undefined) {
      throw new LikesError("peer_unreachable", `Cannot reach ${this.#peer}: ${refusal}`);
    }
    this.#client = new protos.OperatorService(`unix:${path}`, CREDENTIALS, CHANNEL_OPTIONS);
  }

  /** Retires a member. Throws LikesError, `operation_refused` when the primary does not. */
  retire(server: string, reason: string, timeoutMs: number): Promise<readonly DecisionRow[]> {
    return this.#decide((done) => this.#client.retire({ server, reason }, done), timeoutMs);
  }

  /** Ends a trouble. Throws LikesError, `operation_refused` when the primary does not. */
  resolve(
    troubleNumber: number,
    reason: string,
    timeoutMs: number,
  ): Promise<readonly DecisionRow[]> {
    return this.#decide((done) => this.#client.resolve({ troubleNumber, reason }, done), timeoutMs);
  }

  /** Every trouble of a LikesServer that is not decided, oldest first. Throws LikesError. */
  async troublesOf(server: string, timeoutMs: number): Promise<readonly TroubleStatus[]> {
    const call: Call<ListTroublesResponse__Output> = (done) => {
      return this.#client.listTroubles({ server }, done);
    };
    const unread = (error: ServiceError): LikesError => {
      const message = `Cannot list the troubles: ${this.#peer} did not answer (${error.details})`;
      return new LikesError("peer_failed", `${message}; ask again`, { cause: error });
    };
    const { troubles } = await this.#ask(call, timeoutMs, unread);
    return troubles.map(readTroubleStatus);
  }

  close(): void {
    this.#client.close();
  }

  async #decide(
    call: Call<RetireResponse__Output>,
    timeoutMs: number,
  ): Promise<readonly DecisionRow[]> {
    const undecided = (error: ServiceError): LikesError => {
      const message =
        `Cannot tell whether it was decided: ${this.#peer} did not answer (${error.details}); ` +
        "ask again, for nothing is decided twice";
      return new LikesError("outcome_unknown", message, { cause: error });
    };
    const { decisions } = await this.#ask(call, timeoutMs, undecided);
    return decisions.map(readDecision);
  }

  /** A failure that leaves the outcome open is as `open` says. */
  async #ask<Response>(
    call: Call<Response>,
    timeoutMs: number,
    open: (error: ServiceError) => LikesError,
  ): Promise<Response> {
    const untilMs = monotonicMs() + timeoutMs;
    await this.#connected(timeoutMs);
    return unary(call, untilMs - monotonicMs(), (error) => {
      return hadNoEffect(error) ? toLikesError(error, this.#peer) : open(error);
    });
  }

  async #connected(timeoutMs: number): Promise<void> {
    try {
      await connected(this.#client, this.#peer, timeoutMs);
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      throw new LikesError(error.code, `${error.message}; ${START_IT}`, { cause: error });
    }
  }
}

/** Says why the file of a socket cannot be used; whether somebody listens is seen later. */
function checkSocket(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") {
      return "it is another user's; be the user who runs the primary";
    }
    return `there is no such socket; ${START_IT}`;
  }
}
