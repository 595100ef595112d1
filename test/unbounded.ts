/** Numbers that are no bounds, or are of one file alone, each with the reason. See bounds.ts. */

/** Of src/limits.ts: what holds when nothing else is said, and names of the protocol. */
export const NO_BOUND: Readonly<Record<string, string>> = {
  PROTOCOL_VERSION: "a name; a Hello of another one is refused (test/core/primary_test.ts)",
  COUNTS_DEFAULT: "a default; COUNTS_MAX bounds it",
  TICK_MS: "a pace: how often the cores are told the time",
  STATUS_INTERVAL_DEFAULT_MS: "a default; STATUS_INTERVAL_MIN_MS and _MAX_MS bound it",
  RETAIN_AGE_DEFAULT_MS: "a default of --retain; DURATION_MAX_MS bounds it",
  RETAIN_BYTES_DEFAULT: "a default of --retain-size; RETAIN_BYTES_MAX bounds it",
  CALL_WAIT_DEFAULT_MS: "a default of --timeout; DURATION_MAX_MS bounds it",
  CONVERGE_WAIT_DEFAULT_MS: "a default of --timeout and --drain-timeout; DURATION_MAX_MS bounds it",
  PORT_DEFAULT: "a default",
  ORCHESTRATED_SERVERS_DEFAULT: "a default; ORCHESTRATED_SERVERS_MAX bounds it",
  RUN_DURATION_DEFAULT_MS: "a default; DURATION_MAX_MS bounds it",
  INTERVAL_MIN_DEFAULT_MS: "a default; INTERVAL_FLOOR_MS bounds it",
  INTERVAL_MAX_DEFAULT_MS: "a default; DURATION_MAX_MS bounds it",
  VERIFY_ROWS_BYTES_MAX: "which look a start takes at a store: a larger one gets a cheaper look",
  VERIFY_CRASHED_BYTES_MAX: "the same, after a crash; what is not hashed then is when it is read",
  VERIFY_PAGES_BYTES_MAX: "the same; nothing is refused, and a process that crashed looks at all",
  LIKES_MAX_DEFAULT: "a default; LIKES_PER_EVENT_MAX bounds it",
};

const WIDTH = "how wide something is drawn: it bounds no work and no memory";
const PACE = "a pace: between two attempts, and the waiting as a whole has a limit of its own";
const UNIT = "a unit";
const FILE_FORMAT = "of SQLite's file format; OUTBOX_BYTES_MAX bounds the sum";

/** Outside of src/limits.ts, by `file NAME`. */
export const LOCAL: Readonly<Record<string, string>> = {
  "commands/_flags.ts SEED_MAX": "of the generator's 32 bits",
  "commands/_live_screen.ts COLUMNS_DEFAULT": WIDTH,
  "commands/_live_screen.ts ROWS_DEFAULT": WIDTH,
  "src/cli/address.ts PORT_MAX": "of TCP",
  "src/cli/count_text.ts ITEM_COLUMNS_MAX": WIDTH,
  "src/cli/duration.ts HOUR_MS": UNIT,
  "src/cli/duration.ts MINUTE_MS": UNIT,
  "src/cli/duration.ts SECOND_MS": UNIT,
  "src/cli/escape.ts QUOTED_CHARACTERS_MAX": WIDTH,
  "src/cli/progress.ts BAR_COLUMNS_MAX": WIDTH,
  "src/cli/progress.ts BAR_COLUMNS_MIN": WIDTH,
  "src/cli/names.ts ADDRESS_COLUMNS_MAX": WIDTH,
  "src/cli/status_text.ts MISDIRECTED_SHOWN_MAX": WIDTH,
  "src/cli/status_text.ts ROWS_MIN": WIDTH,
  "src/cli/names.ts LABEL_COLUMNS_MAX": WIDTH,
  "commands/resolve.ts TROUBLE_NUMBER_MAX": "of the message's 32 bits",
  "src/likes_server/likes_server.ts RETAIN_DEFAULT": "both defaults together",
  "src/cli/verify_text.ts LINES_MAX": WIDTH,
  "src/cli/verify_text.ts VALUE_COLUMNS_MAX": WIDTH,
  "commands/_live_screen.ts BAR_INTERVAL_MS": PACE,
  "commands/_live_status.ts LATE_MAX_MS":
    "when a table is too old to be shown: nothing waits for it",
  "commands/_live_status.ts TICK_MS": PACE,
  "src/verify/audited_file.ts BUSY_WAIT_MS": "of one opening, by a command that serves nobody",
  "src/verify/chain.ts SEQUENCE_BYTES": "of the protocol",
  "src/verify/findings.ts LISTED_MAX": WIDTH,
  "src/verify/giver_lines.ts CHUNK_BYTES": "what is read of a file at a time",
  "src/verify/giver_lines.ts LINE_BYTES_MAX": "of a file that is audited: more is no giver's line",
  "src/verify/ledger_file.ts SERVER_ID_BYTES_MAX":
    "of a file that is audited; the roles' own is less",
  "src/verify/ledger_file.ts STATE_CHARS_MAX": "of a file that is audited; the roles' own is less",
  "src/verify/ledger_file.ts KIND_CHARS_MAX": "of a file that is audited; the roles' own is less",
  "src/verify/like_events.ts SMALL_BYTES_MAX": "of protobuf",
  "src/verify/like_events.ts VARINT_BYTES_MAX": "of protobuf",
  "src/verify/like_events.ts VARINT_LAST_MAX": "of protobuf",
  "src/verify/outbox_file.ts SERVER_ID_BYTES_MAX":
    "of a file that is audited; the roles' own is less",
  "src/store/backup.ts BUSY_WAIT_MS": "of one opening, by a command that serves nobody",
  "src/store/outbox_tables.ts DISK_BYTES": "a text of SQL",
  "src/cli/status_text.ts ROWS_DEFAULT": WIDTH,
  "src/cli/status_text.ts SILENT_SHOWN_MAX": WIDTH,
  "src/cli/status_text.ts TROUBLES_SHOWN_MAX": WIDTH,
  "src/core/backoff.ts FAILURES_COUNTED_MAX": "of an exponent; BACKOFF_MAX_MS bounds the pause",
  "src/core/counts_page.ts LIKES_MAX": "of SQLite's 64 bits; a token with more is none of ours",
  "src/core/counts_page.ts TOKEN_CHARS_MAX":
    "of what the ids allow; a longer token is none of ours",
  "src/core/disk_bytes.ts CELL_BYTES": FILE_FORMAT,
  "src/core/disk_bytes.ts CELL_BYTES_MAX": FILE_FORMAT,
  "src/core/disk_bytes.ts PAGE_BYTES": FILE_FORMAT,
  "src/core/disk_bytes.ts PAGE_EVENT_BYTES": FILE_FORMAT,
  "src/core/disk_bytes.ts TREE_EVENT_BYTES_MAX": FILE_FORMAT,
  "src/core/outbox_writer.ts REFUSED_WRITE_PAUSE_MS": PACE,
  "src/core/primary.ts REFUSED_COMMIT_PAUSE_MS": PACE,
  "src/likes_server/generating.ts RETRY_MS": PACE,
  "src/likes_server/generating.ts TIMER_MAX_MS": PACE,
  "src/log/event_lines.ts SECOND_MS": UNIT,
  "src/node_version.ts NODE_MIN": "the oldest Node",
  "src/orchestrator/observe.ts ANSWER_WAIT_MAX_MS":
    "of one question, asked again until the drain ends",
  "src/orchestrator/processes.ts FINISH_WAIT_MAX_MS": "an argument of finish(), held in its test",
  "src/orchestrator/run.ts OBSERVE_PAUSE_MS": PACE,
  "src/orchestrator/run.ts UNDECIDED_AFTER_MS": PACE,
  "src/orchestrator/status_watch.ts SHOW_INTERVAL_MS": "how often a person is shown something",
  "src/orchestrator/verdict_text.ts NAMED_MAX": WIDTH,
  "src/orchestrator/verdict_text.ts TENTHS_TOLD_MS": WIDTH,
  "src/rpc/follow_status.ts RETRY_PAUSE_MS": PACE,
  "src/rpc/record_codec.ts DIGEST_BYTES": "of the protocol",
  "src/rpc/server.ts SWEEP_MS": PACE,
  "src/rpc/wait_for_convergence.ts NAMED_MAX": WIDTH,
  "src/rpc/watching.ts STATUS_SHARED_MS":
    "how old a state may be: it bounds work, and is told in as_of",
  "src/rpc/connections.ts IDLE_GRACE_MS":
    "how long grpc-js may take to end by itself what CONNECTION_IDLE_MAX_MS ends",
  "src/store/better_sqlite.ts NODE_API_MIN": "the oldest Node-API",
  "src/store/mint_id.ts ID_BYTES": "of the protocol",
  "src/store/sqlite_file.ts BUSY_OPENING_WAIT_MAX_MS":
    "of SQLite, while a person writes with sqlite3; BUSY_WAIT_MAX_MS is that of a role",
  "src/store/sqlite_setup.ts WAL_BYTES_KEPT_MAX": "what SQLite keeps of its log after a burst",
  "src/store/sqlite_file.ts WAL_PAGES_MAX": "of SQLite, which checkpoints by itself",
  "src/store/verify_database.ts FINDINGS_MAX": WIDTH,
};
