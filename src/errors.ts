/**
 * The table of faults: each with the gRPC status that a peer sees and the exit code of a command.
 * Nothing else in the source maps errors.
 */

/** Names of the gRPC status codes that this project uses, with their numbers. */
export const STATUS = {
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  ALREADY_EXISTS: 6,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

type StatusName = keyof typeof STATUS;

/** A command's exit codes by meaning. README.md repeats this table for users. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  inexact: 4,
  undecided: 5,
  outputFailed: 74,
  interrupted: 130,
  outputClosed: 141,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface Fault {
  readonly status: StatusName;
  readonly exit: ExitCode;
}

/** Every fault: the status for a peer, the exit code for a person. */
export const FAULTS = {
  usage: { status: "INVALID_ARGUMENT", exit: EXIT.usage },
  like_invalid: { status: "INVALID_ARGUMENT", exit: EXIT.usage },
  operation_reused: { status: "ALREADY_EXISTS", exit: EXIT.usage },
  wrong_role: { status: "UNIMPLEMENTED", exit: EXIT.usage },
  address_exposed: { status: "FAILED_PRECONDITION", exit: EXIT.usage },

  not_accepting: { status: "UNAVAILABLE", exit: EXIT.unreachable },
  total_unknown: { status: "UNAVAILABLE", exit: EXIT.unreachable },
  count_unknown: { status: "UNAVAILABLE", exit: EXIT.unreachable },
  peer_unreachable: { status: "UNAVAILABLE", exit: EXIT.unreachable },
  peer_failed: { status: "INTERNAL", exit: EXIT.failed },
  outcome_unknown: { status: "UNKNOWN", exit: EXIT.undecided },

  too_many: { status: "RESOURCE_EXHAUSTED", exit: EXIT.failed },
  outbox_full: { status: "RESOURCE_EXHAUSTED", exit: EXIT.failed },
  trouble_unrecorded: { status: "RESOURCE_EXHAUSTED", exit: EXIT.failed },
  disk_full: { status: "RESOURCE_EXHAUSTED", exit: EXIT.failed },
  store_busy: { status: "UNAVAILABLE", exit: EXIT.failed },

  message_invalid: { status: "INVALID_ARGUMENT", exit: EXIT.failed },
  compressed: { status: "UNIMPLEMENTED", exit: EXIT.failed },
  watcher_stalled: { status: "DEADLINE_EXCEEDED", exit: EXIT.failed },
  peer_silent: { status: "DEADLINE_EXCEEDED", exit: EXIT.failed },
  resynchronise: { status: "ABORTED", exit: EXIT.failed },
  replaced: { status: "ABORTED", exit: EXIT.failed },
  change_unknown: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  decision_refused: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  ledger_other: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  secret_differs: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  protocol_version: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  stopping: { status: "UNAVAILABLE", exit: EXIT.failed },
  reopening: { status: "UNAVAILABLE", exit: EXIT.failed },

  node_unfit: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  store_locked: { status: "UNAVAILABLE", exit: EXIT.failed },
  store_older: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  store_newer: { status: "FAILED_PRECONDITION", exit: EXIT.failed },
  store_unusable: { status: "INTERNAL", exit: EXIT.failed },
  store_failed: { status: "INTERNAL", exit: EXIT.failed },
  port_taken: { status: "UNAVAILABLE", exit: EXIT.failed },
  log_unusable: { status: "INTERNAL", exit: EXIT.failed },
  child_failed: { status: "INTERNAL", exit: EXIT.failed },

  inexact: { status: "INTERNAL", exit: EXIT.inexact },
  not_converged: { status: "DEADLINE_EXCEEDED", exit: EXIT.inexact },
  undecided: { status: "INTERNAL", exit: EXIT.undecided },
} as const satisfies Record<string, Fault>;

/** The name of a fault. Peers get it in a trailer. */
export type FaultCode = keyof typeof FAULTS;

/** The faults of a LikesServer that does not belong to a ledger. */
export const FOREIGN_FAULTS: ReadonlySet<FaultCode> = new Set(["ledger_other", "secret_differs"]);

/** An error that a user or a peer caused, or has to act on. Any other error is a bug. */
export class LikesError extends Error {
  override readonly name = "LikesError";
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A fault as data. The pure core returns faults and never throws them. */
export interface Refusal {
  readonly code: FaultCode;
  readonly message: string;
}

/** Returns the error to throw for a refusal of the core. */
export function refused({ code, message }: Refusal): LikesError {
  return new LikesError(code, message);
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
