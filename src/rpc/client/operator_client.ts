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

const WAY_OUT = "start the primary, or give its --data-dir";

type Call<Response> = Parameters<typeof unary<Response>>[0];

/** A client of one primary, for its operator. */
export class OperatorClient {
  readonly #client: InstanceType<typeof protos.OperatorService>;
  readonly #peer: string;

  /**
   * `path` is the socket's. Throws LikesError `peer_unreachable` when the socket cannot be used.
   */
  constructor(path: string) {
    this.#peer = `the primary through ${JSON.stringify(path)}`;
    const refusal = checkSocketPath(path) ?? checkSocket(path);
    if (refusal !== undefined) {
      throw new LikesError("peer_unreachable", `Cannot reach ${this.#peer}: ${refusal}`);
    }
    this.#client = new protos.OperatorService(`unix:${path}`, CREDENTIALS, CHANNEL_OPTIONS);
  }

  /** Retires a member. Throws LikesError, `decision_refused` when the primary refuses. */
  retire(server: string, reason: string, timeoutMs: number): Promise<readonly DecisionRow[]> {
    return this.#decide((done) => this.#client.retire({ server, reason }, done), timeoutMs);
  }

  /** Resolves a trouble. Throws LikesError, `decision_refused` when the primary refuses. */
  resolve(
    troubleNumber: number,
    reason: string,
    timeoutMs: number,
  ): Promise<readonly DecisionRow[]> {
    return this.#decide((done) => this.#client.resolve({ troubleNumber, reason }, done), timeoutMs);
  }

  /** Returns the undecided troubles of a LikesServer, oldest first. Throws LikesError. */
  async troublesOf(server: string, timeoutMs: number): Promise<readonly TroubleStatus[]> {
    const call: Call<ListTroublesResponse__Output> = (done) => {
      return this.#client.listTroubles({ server }, done);
    };
    const unanswered = (error: ServiceError): LikesError => {
      const message = `Cannot list the troubles: ${this.#peer} did not answer (${error.details})`;
      return new LikesError("peer_failed", `${message}; try again`, { cause: error });
    };
    const { troubles } = await this.#call(call, timeoutMs, unanswered);
    return troubles.map(readTroubleStatus);
  }

  close(): void {
    this.#client.close();
  }

  async #decide(
    call: Call<RetireResponse__Output>,
    timeoutMs: number,
  ): Promise<readonly DecisionRow[]> {
    const unanswered = (error: ServiceError): LikesError => {
      const message =
        `Cannot tell whether it was decided: ${this.#peer} did not answer (${error.details}); ` +
        "try again: nothing is decided twice";
      return new LikesError("outcome_unknown", message, { cause: error });
    };
    const { decisions } = await this.#call(call, timeoutMs, unanswered);
    return decisions.map(readDecision);
  }

  /**
   * Connects and makes a call. `unanswered` returns the error for a failure that may have had an
   * effect.
   */
  async #call<Response>(
    call: Call<Response>,
    timeoutMs: number,
    unanswered: (error: ServiceError) => LikesError,
  ): Promise<Response> {
    const untilMs = monotonicMs() + timeoutMs;
    await this.#connected(timeoutMs);
    return unary(call, untilMs - monotonicMs(), (error) => {
      return hadNoEffect(error) ? toLikesError(error, this.#peer) : unanswered(error);
    });
  }

  async #connected(timeoutMs: number): Promise<void> {
    try {
      await connected(this.#client, this.#peer, timeoutMs);
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      throw new LikesError(error.code, `${error.message}; ${WAY_OUT}`, { cause: error });
    }
  }
}

/**
 * Returns why a socket's file cannot be used. Whether a process listens there shows on connecting.
 */
function checkSocket(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") {
      return "it belongs to another user; run this as the user who runs the primary";
    }
    return `there is no such socket; ${WAY_OUT}`;
  }
}
