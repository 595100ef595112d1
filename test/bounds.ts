/**
 * The register of bounds: every limit of src/limits.ts with the test that reaches it and what happens
 * there, and every number that is no bound with the reason. test/bounds_test.ts holds it to both.
 */
// tidy: long file because it is one table, with as many entries as there are bounds

/** A test that brings limits to their value, and what is seen there. */
export interface Reached {
  readonly limits: readonly string[];
  readonly file: string;
  readonly test: string;
  readonly there: string;
  /** How the test writes the value, where it does not use the name. */
  readonly as?: string;
}

const CORE = "test/core";
const RPC = "test/rpc";
const LEARNT = `${CORE}/learnt_counts_test.ts`;
const FLOODS = "test/integration/floods_test.ts";
const SILENT = "test/integration/silent_peers_test.ts";
const MISTYPED = {
  file: "test/integration/bad_input_cli_test.ts",
  test: "a command that is mistyped says how to type it, exits 2 and does nothing",
  there: "exit 2, with the bounds named",
};

/** Limits that push back, refuse, end or slow something. */
export const REACHED: readonly Reached[] = [
  {
    limits: ["ITEM_ID_BYTES_MAX"],
    file: `${CORE}/like_event_test.ts`,
    test: "refuseItemId() names the reason when an id cannot be one",
    there: "INVALID_ARGUMENT like_invalid",
  },
  {
    limits: ["LIKES_PER_EVENT_MAX"],
    file: `${CORE}/like_event_test.ts`,
    test: "refuseEvent() takes 0 and the maximum, and refuses what is outside",
    there: "INVALID_ARGUMENT like_invalid",
  },
  {
    limits: [
      "SERVER_ID_CHARS_MAX",
      "ADDRESS_BYTES_MAX",
      "BATCH_RECORDS_MAX",
      "TROUBLE_DETAIL_BYTES_MAX",
    ],
    file: `${RPC}/wire_bounds_test.ts`,
    test: "readFromLikesServer() takes what is at its bound, and refuses what is beyond it",
    there: "the stream ends with INVALID_ARGUMENT message_invalid",
  },
  {
    limits: ["RECORD_EVENTS_MAX"],
    file: `${CORE}/accept_queue_test.ts`,
    test: "take() holds a record to its events when more wait",
    there: "what is over waits for the next record",
  },
  {
    limits: ["RECORD_BYTES_MAX"],
    file: `${CORE}/accept_queue_test.ts`,
    test: "take() holds a record to its bytes when events are large",
    there: "what is over waits for the next record",
  },
  {
    limits: ["BATCH_BYTES_MAX", "WINDOW_BYTES_MAX"],
    file: `${CORE}/delivery_test.ts`,
    test: "windowLeft() gives a batch's bytes while the window is open, then less, then none",
    there: "nothing more is sent before an Ack",
  },
  {
    limits: ["WINDOW_BATCHES_MAX"],
    file: `${CORE}/delivery_test.ts`,
    test: "windowLeft() gives none when enough batches are in flight, however small",
    there: "nothing more is sent before an Ack",
  },
  {
    limits: ["MESSAGE_BYTES_MAX"],
    file: `${RPC}/call_bounds_test.ts`,
    test: "RpcServer refuses a message when it is too long, and takes the next",
    there: "RESOURCE_EXHAUSTED",
  },
  {
    limits: ["METADATA_BYTES_MAX"],
    file: `${RPC}/call_bounds_test.ts`,
    test: "CallBounds refuses a call when its metadata is too long, in one header or in many",
    there: "RESOURCE_EXHAUSTED too_many",
  },
  {
    limits: ["STREAM_BATCHES_QUEUED_MAX"],
    file: `${CORE}/primary_test.ts`,
    test: "handle() pauses a stream when it queues too much, and resumes it at half",
    there: "nothing is read from that stream: flow control holds its sender back",
  },
  {
    limits: ["QUEUED_BYTES_MAX"],
    file: `${CORE}/primary_bounds_test.ts`,
    test: "handle() pauses every sender when all queue too much together, then counts it all",
    there: "nothing is read from any sender until half of it is committed",
  },
  {
    limits: ["COMMIT_COMMANDS_MAX"],
    file: `${CORE}/commit_queue_test.ts`,
    test: "take() stops at the number of commands of a commit",
    there: "the rest waits for the next commit",
  },
  {
    limits: ["COMMIT_BYTES_MAX"],
    file: `${CORE}/commit_queue_test.ts`,
    test: "take() stops before the bytes of a commit are exceeded",
    there: "the rest waits for the next commit",
  },
  {
    limits: ["TROUBLES_MAX"],
    file: `${CORE}/likes_server_bounds_test.ts`,
    test: "handle() reports the oldest troubles when there are more than a report names",
    there: "the oldest are left out: one is enough for UNKNOWN; a report with more is refused",
  },
  {
    limits: ["TROUBLES_SHOWN_MAX"],
    file: `${CORE}/status_test.ts`,
    test: "statusOf() names the newest troubles when there are many",
    there: "the older ones are counted and not named",
  },
  {
    limits: ["TROUBLES_LISTED_MAX"],
    file: `${CORE}/status_test.ts`,
    test: "statusOf() lists the oldest troubles when there are more than it may, and counts all",
    there: "the newer ones are counted and not listed",
  },
  {
    limits: ["REASON_BYTES_MAX"],
    file: `${RPC}/operator_wire_test.ts`,
    test: "readRetire() and readResolve() take a reason up to its bound, and refuse more",
    there: "INVALID_ARGUMENT message_invalid; the command says so before it calls",
  },
  {
    limits: ["SOCKET_PATH_BYTES_MAX"],
    file: `${RPC}/operator_socket_test.ts`,
    test: "serveOperator() names the way out when the path is longer than it may be",
    there: "the primary serves without an operator's socket, and says so",
  },
  {
    limits: ["RETAIN_MARKS_MAX"],
    file: `${CORE}/retained_ages_test.ts`,
    test: "note() keeps no more marks than it may when there are many acknowledgements",
    there: "what is acknowledged within a slice of the age shares a mark",
  },
  {
    limits: ["RETAINED_INCARNATIONS_MAX"],
    file: `${CORE}/likes_server_retention_test.ts`,
    test: "handle() lets go of the oldest lives when more are closed than are retained",
    there: "their events are not retained any more, however young they are",
  },
  {
    limits: ["RETAIN_BYTES_MAX"],
    file: "test/cli/size_test.ts",
    test: "parseSize() names its bound when the size is beyond it",
    there: "exit 2, with the bound named",
  },
  {
    limits: ["TROUBLES_RECORDED_MAX"],
    file: `${CORE}/report_rule_test.ts`,
    test: "takeReport() records no more troubles than a ledger holds",
    there: "no more are recorded; the status stays UNKNOWN, likes count on",
  },
  {
    limits: ["BUSY_WAIT_MAX_MS"],
    file: "test/store/sqlite_outbox_test.ts",
    test: "openSqliteOutbox() bounds how long its writes wait for another program's",
    there: "UNAVAILABLE store_busy, nothing stored; all else is served again",
  },
  {
    limits: ["GIVES_WAITING_MAX"],
    file: `${CORE}/accept_queue_test.ts`,
    test: "add() says too_many when as many as may wait do",
    there: "RESOURCE_EXHAUSTED too_many, nothing stored",
  },
  {
    limits: ["OUTBOX_BYTES_MAX"],
    file: `${CORE}/likes_server_bounds_test.ts`,
    test: "handle() refuses likes when the outbox is full, and takes them when there is room",
    there: "RESOURCE_EXHAUSTED outbox_full, until the primary takes what it holds",
  },
  {
    limits: ["TOTAL_LIKES_MAX"],
    file: `${CORE}/batch_rule_test.ts`,
    test: "applyBatch() refuses a batch when the total would not fit 63 bits",
    there: "the stream of a peer that keeps no such bound ends, and nothing of it is stored",
  },
  {
    limits: ["TOTAL_LIKES_ACCEPTING_MAX"],
    file: `${CORE}/likes_server_test.ts`,
    test: "handle() refuses likes when the total that it shows leaves no room for the others",
    there: "a LikesServer accepts nothing more, and says so",
  },
  {
    limits: ["MEMBERS_MAX"],
    file: `${CORE}/report_rule_test.ts`,
    test: "takeReport() refuses when the ledger has as many members as it may",
    there: "RESOURCE_EXHAUSTED too_many: the newcomer waits for admission",
  },
  {
    limits: ["MISDIRECTED_KEPT_MS"],
    file: `${CORE}/misdirected_test.ts`,
    test: "came() names an outbox once, and expire() forgets who comes no longer",
    there: "named up to it, and not after it",
  },
  {
    limits: ["MISDIRECTED_MAX"],
    file: `${CORE}/misdirected_test.ts`,
    test: "came() names no more than MISDIRECTED_MAX, those that came first",
    there: "another one is refused as every one is, and not named",
  },
  {
    limits: ["STREAMS_MAX"],
    file: `${CORE}/primary_test.ts`,
    test: "handle() refuses another stream when there are as many as may be",
    there: "RESOURCE_EXHAUSTED too_many",
  },
  {
    limits: ["WATCHERS_MAX"],
    file: `${RPC}/watching_test.ts`,
    test: "Status refuses when there are too many watchers, and takes one when one has gone",
    there: "RESOURCE_EXHAUSTED too_many",
  },
  {
    limits: ["WATCHED_BYTES_MAX"],
    file: FLOODS,
    test: "a thousand watchers that take nothing hold a bounded amount, and nobody else up",
    there: "a watcher's turn is left out; unary calls are answered meanwhile",
  },
  {
    limits: ["COUNTS_MAX", "INCARNATIONS_NAMED_MAX"],
    file: `${CORE}/counts_page_test.ts`,
    test: "select() takes 1,000 items and 16 incarnations, and refuses one more of either",
    there: "INVALID_ARGUMENT usage",
  },
  {
    limits: ["LEARNT_FRESH_MS"],
    file: LEARNT,
    test: "ask() is answered at once while it is fresh, with what was accepted since",
    there: "after it the primary is asked again",
  },
  {
    limits: ["COUNT_ASKS_WAITING_MAX"],
    file: LEARNT,
    test: "ask() is refused when COUNT_ASKS_WAITING_MAX wait, and taken again after an answer",
    there: "RESOURCE_EXHAUSTED too_many",
  },
  {
    limits: ["COUNT_ASKS_IDS_MAX"],
    file: LEARNT,
    test: "ask() is refused when those that wait hold COUNT_ASKS_IDS_MAX ids",
    there: "RESOURCE_EXHAUSTED too_many",
  },
  {
    limits: ["LEARNT_COUNTS_MAX"],
    file: LEARNT,
    test: "learnt() keeps LEARNT_COUNTS_MAX items: those that nobody asked for lately go",
    there: "what nobody asked for lately is forgotten, and learnt again when asked for",
  },
  {
    limits: ["LEARNT_KEPT_MS"],
    file: LEARNT,
    test: "failed() says unknown for what was learnt longer ago than LEARNT_KEPT_MS",
    there: "it is not known, and is not called 0",
  },
  {
    limits: ["LEARN_WAIT_MAX_MS"],
    file: `${RPC}/client_test.ts`,
    test: "counts() gives up in time when the primary does not answer",
    there: "the reader gets what is kept, with its age",
  },
  {
    limits: ["RECENT_EVENTS_MAX"],
    file: `${CORE}/recent_events_test.ts`,
    test: "add() drops the oldest beyond RECENT_EVENTS_MAX, and then cannot tell until past them",
    there: "the own likes cannot be told apart until the primary is past them",
  },
  {
    limits: ["PULSES_UNANSWERED_MAX", "PULSE_GAP_MIN_MS"],
    file: `${CORE}/primary_bounds_test.ts`,
    test: "handle() sends no pulse to one that left too many unanswered, and others theirs",
    there: "it gets no more pulses; after REPORT_WAIT_MAX_MS its stream ends",
  },
  {
    limits: ["PULSE_INTERVAL_MS"],
    file: `${CORE}/primary_bounds_test.ts`,
    test: "handle() pulses at every interval, and sooner when something changed",
    there: "a pulse, changed or not",
  },
  {
    limits: ["SERVER_IDS_TRIED_MAX"],
    file: "test/likes_server/open_outbox_test.ts",
    test: "openOutbox() gives up when all the ids that it tries are in use",
    there: "UNAVAILABLE store_locked, naming --id",
  },
  { ...MISTYPED, limits: ["ORCHESTRATED_SERVERS_MAX"], as: "from 1 to 100" },
  { ...MISTYPED, limits: ["INTERVAL_FLOOR_MS"], as: "give at least 10ms" },
  {
    limits: ["CONNECTION_STREAMS_MAX"],
    file: FLOODS,
    test: "a connection carries no more streams than it may, and the next when one has gone",
    there: "HTTP/2 holds the next stream back at the client; other connections are served",
  },
  {
    limits: ["CONNECTIONS_MAX"],
    file: `${RPC}/connections_test.ts`,
    test: "listen() closes a connection at once when there are too many, until one has gone",
    there: "the new connection is closed at once: UNAVAILABLE",
  },
  {
    limits: ["CALLS_MAX"],
    file: FLOODS,
    test: "a call is refused when there are too many, and streams that are open go on",
    there: "RESOURCE_EXHAUSTED too_many",
  },
  {
    limits: ["FOREIGN_STREAMS_MAX"],
    file: `${RPC}/call_bounds_test.ts`,
    test: "CallBounds refuses a stream of health when there are too many, until one has gone",
    there: "RESOURCE_EXHAUSTED too_many; a check of health is answered",
  },
  {
    limits: ["UNREAD_BYTES_MAX"],
    file: FLOODS,
    test: "nobody is answered while too much is not read, and everybody once that is cut",
    there: "RESOURCE_EXHAUSTED too_many; who does not read is cut",
  },
  {
    limits: ["SESSION_MEMORY_MAX_MB"],
    file: FLOODS,
    test: "a session takes no new stream when it holds too much, and another one does",
    there: "a new stream is reset with ENHANCE_YOUR_CALM",
  },
  {
    limits: ["MEMBER_SILENT_MS"],
    file: `${CORE}/status_test.ts`,
    test: "convergence() is converged when all answered within the bound",
    there: "UNKNOWN after it",
  },
  {
    limits: ["HELLO_WAIT_MAX_MS"],
    file: `${CORE}/primary_test.ts`,
    test: "handle() ends a stream when no Hello comes in time",
    there: "DEADLINE_EXCEEDED peer_silent",
  },
  {
    limits: ["REPORT_WAIT_MAX_MS"],
    file: `${CORE}/primary_pulses_test.ts`,
    test: "handle() sends no more pulses when too many are unanswered",
    there: "DEADLINE_EXCEEDED peer_silent",
  },
  {
    limits: ["PULSE_WAIT_MAX_MS", "BACKOFF_MAX_MS"],
    file: `${CORE}/likes_server_delivery_test.ts`,
    test: "handle() gives a stream up when nothing is heard on it, and backs off",
    there: "the LikesServer connects again after a pause; it goes on accepting",
  },
  {
    limits: ["BACKOFF_FIRST_MS"],
    file: `${CORE}/backoff_test.ts`,
    test: "backoffMs() doubles up to its bound when failures follow each other",
    there: "the pause is at least half of it",
  },
  {
    limits: ["LEAVE_WAIT_MAX_MS"],
    file: "test/integration/signals_test.ts",
    test: "a LikesServer says how many events stay when its primary is away, and ends in time",
    there: "it ends as a member, and says how many events stay",
  },
  {
    limits: ["SHUTDOWN_WAIT_MAX_MS"],
    file: `${RPC}/connections_test.ts`,
    test: "sweep() cuts a connection when we have ended it and its peer does not",
    there: "the connection is cut",
  },
  {
    limits: ["WATCHER_STALLED_MAX_MS", "ANSWER_WAIT_MAX_MS"],
    file: SILENT,
    test: "a watcher that takes nothing is told that it is dropped, and then is cut",
    there: "DEADLINE_EXCEEDED watcher_stalled, then its connection is cut",
  },
  {
    limits: ["ANSWER_BYTES_PER_S_MIN"],
    file: "test/rpc/call_bounds_test.ts",
    test: "sweep() leaves a slow reader the time that its answer takes at ANSWER_BYTES_PER_S_MIN",
    there: "its connection is cut",
  },
  {
    limits: [
      "KEEPALIVE_TIME_MS",
      "KEEPALIVE_TIMEOUT_MS",
      "CONNECTION_IDLE_MAX_MS",
      "HANDSHAKE_WAIT_MAX_MS",
    ],
    file: SILENT,
    test: "a black hole shows on both sides, and idle and mute connections are closed",
    there: "the connection is closed, and whoever uses it hears of it",
  },
  {
    limits: ["REQUEST_WAIT_MAX_MS"],
    file: `${RPC}/call_bounds_test.ts`,
    test: "sweep() ends a call when its request does not come in time, and none that is whole",
    there: "DEADLINE_EXCEEDED peer_silent, nothing done",
  },
  {
    limits: ["STATUS_INTERVAL_MIN_MS", "STATUS_INTERVAL_MAX_MS"],
    file: `${RPC}/watching_test.ts`,
    test: "Status refuses when the interval is out of bounds",
    there: "INVALID_ARGUMENT usage",
  },
  {
    limits: ["DURATION_MAX_MS"],
    file: "test/cli/duration_test.ts",
    test: "parseDuration() refuses when the duration is over the bound",
    there: "exit 2",
  },
  {
    limits: ["READY_WAIT_MAX_MS"],
    file: "test/orchestrator/child_waits_test.ts",
    test: "start() throws when the child is not ready in time, and it can be killed then",
    there: "child_failed: the run ends with exit 1",
  },
  {
    limits: ["CHILD_STOP_WAIT_MAX_MS"],
    file: "test/orchestrator/child_waits_test.ts",
    test: "stop() kills the child when it was told to end and does not",
    there: "SIGKILL",
  },
  {
    limits: ["RESTART_FIRST_MS", "DEATHS_IN_A_ROW_MAX", "LIFE_MIN_MS"],
    file: "test/orchestrator/restart_policy_test.ts",
    test: "died() waits twice as long each time and gives up when five deaths come in a row",
    there: "the child is given up: the verdict is undecided",
  },
  {
    limits: ["LOG_EVENT_LINES_PER_S_MAX"],
    file: "test/log/event_lines_test.ts",
    test: "allow() says yes up to the most lines of a second, and again in the next",
    there: "one line a batch instead of one an event",
  },
  {
    limits: ["LOG_BYTES_MAX"],
    file: "test/log/log_file_test.ts",
    test: "line() starts over at its bound, keeps what was there, and tail -f follows",
    there: "the log is emptied in place; what it held is beside it, in place of what was before",
  },
];
