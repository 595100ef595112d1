/**
 * Every bound and default, with its unit and its reason. Relations between bounds are asserted at
 * load, at the foot of this file, so that a change that breaks one cannot start.
 */
import { assert } from "./assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

// What may be accepted. Constants of protocol version 1: a LikesServer checks them before it
// acknowledges, so the primary has no reason of its own to refuse an accepted event.

/** Of the delivery. A peer of another one is refused before anything is accepted on its word. */
export const PROTOCOL_VERSION = 1;
/** Bytes of an item id: a URL path or a UUID with room to spare. */
export const ITEM_ID_BYTES_MAX = 256;
/** Likes of one call: a batch import's worth, far below where 64-bit sums could wrap. */
export const LIKES_PER_EVENT_MAX = 1_000_000;
/** Likes of a total: what a 64-bit signed integer of SQLite holds. */
export const TOTAL_LIKES_MAX = 2n ** 63n - 1n;
/** A total from which a LikesServer accepts no more: all that others may still hold fits above it. */
export const TOTAL_LIKES_ACCEPTING_MAX = 2n ** 62n;
/** Bytes of the smallest event, an item of one letter; on the disk of an outbox it takes more. */
const EVENT_BYTES_MIN = 7;
/** Characters of a server id: a host name's label. */
export const SERVER_ID_CHARS_MAX = 64;
/** Bytes of a `host:port`. */
export const ADDRESS_BYTES_MAX = 256;

// Groups and messages.

/** Events of one record, which shares one sync: a longer one would make the first giver wait. */
export const RECORD_EVENTS_MAX = 1_000;
/** Bytes of one record: its events at their largest, with their framing. */
export const RECORD_BYTES_MAX = 320 * KIB;
/** Bytes of one batch: large enough to amortise a commit, small enough that reports get between. */
export const BATCH_BYTES_MAX = 64 * KIB;
/** Records of one batch: bounds the work of one refusal. */
export const BATCH_RECORDS_MAX = 256;
/** Bytes of any gRPC message: a batch with a last record that overshoots, twice over. */
export const MESSAGE_BYTES_MAX = 2 * MIB;
/** Batches in flight on one stream: enough to keep the primary's disk busy. */
export const WINDOW_BATCHES_MAX = 8;
/** Bytes in flight on one stream: a report behind them is not late, also when many catch up. */
export const WINDOW_BYTES_MAX = 256 * KIB;
/** Batches that the primary queues for one stream before it stops reading from it. */
export const STREAM_BATCHES_QUEUED_MAX = 16;
/** Bytes of batches that the primary queues for all streams before it stops reading from any. */
export const QUEUED_BYTES_MAX = 64 * MIB;
/** Commands and bytes of one ledger commit, which is synchronous: bound how long all else waits. */
export const COMMIT_COMMANDS_MAX = 256;
export const COMMIT_BYTES_MAX = MIB;
/** Troubles that one Report names: the oldest. The others count as pending, and are named later. */
export const TROUBLES_MAX = 16;
/** Troubles that Status lists with all that is known of them; of more, the oldest. */
export const TROUBLES_LISTED_MAX = 100;
/**
 * Troubles of outboxes that a ledger records and nobody has decided: as_of stands still from the first
 * one on. A report or batch whose trouble has no room is refused whole. That of the ledger as a whole
 * always has room: there is one at most.
 */
export const TROUBLES_RECORDED_MAX = 1_000;
/** With so many recorded, a report that brings one more is refused: what the ledger finds has room. */
export const TROUBLES_REPORTED_MAX = 750;
/** Troubles of one outbox: as many as a report names, and as many that the ledger finds by itself. */
export const TROUBLES_OF_OUTBOX_MAX = 2 * TROUBLES_MAX;
/** Bytes of an operator's reason. */
export const REASON_BYTES_MAX = 256;
/** Characters of a client's mark, which lies beside the records of an outbox and not in its bound. */
export const MARK_CHARS_MAX = 256;
/** Bytes of a trouble's text. */
export const TROUBLE_DETAIL_BYTES_MAX = 512;

// Populations.

/** AddLikes calls that wait for a sync. At 1,000 a sync this is ten syncs' worth. */
export const ADDS_WAITING_MAX = 10_000;
/**
 * Bytes of the disk that what is not acknowledged takes: days of a busy LikesServer without its
 * primary.
 */
export const OUTBOX_BYTES_MAX = 4096 * MIB;
/**
 * Bytes of the disk that acknowledged events take, which are kept for a ledger that was restored:
 * days of a usual LikesServer. They come on top of OUTBOX_BYTES_MAX.
 */
export const RETAIN_BYTES_DEFAULT = 256 * MIB;
export const RETAIN_BYTES_MAX = 4096 * MIB;
/** Closed incarnations that an outbox remembers, and as many idle ones: a crash loop fills no disk. */
export const RETAINED_INCARNATIONS_MAX = 1_000;
/** Moments of acknowledgement that a LikesServer remembers, by which it tells the age of events. */
export const RETAIN_MARKS_MAX = 64;
/**
 * Bytes of a store, free pages left out, whose every row is compared with its indexes at a start, and
 * whose every record is hashed: 2.5 s of a processor for items, at the worst 6 s for records.
 */
export const VERIFY_ROWS_BYTES_MAX = 64 * MIB;
/**
 * Bytes of an outbox whose every record is hashed after an end that was not clean. Records of one
 * event of 6 bytes take 90 s of a processor for a GiB (5.5 µs each), full ones of usual items 10 s:
 * this is 23 s at the worst, and a child has READY_WAIT_MAX_MS to come up.
 */
export const VERIFY_CRASHED_BYTES_MAX = 256 * MIB;
/** Bytes of a store whose every page is looked at also after a clean end: some seconds of a disk. */
export const VERIFY_PAGES_BYTES_MAX = 1024 * MIB;
/** Members of one ledger, and streams of one primary: what one status answer can list. */
export const MEMBERS_MAX = 2_000;
export const STREAMS_MAX = 4_000;
/** Status watchers: each costs a timer and one message a second. */
export const WATCHERS_MAX = 1_000;
/**
 * Bytes of states that watchers have not taken; above it a turn is left out, and the next is newer.
 */
export const WATCHED_BYTES_MAX = 64 * MIB;
/** Items of one GetCounts: with ids of 256 bytes they fit a message several times. */
export const COUNTS_MAX = 1_000;
export const COUNTS_DEFAULT = 20;
/** Incarnations of one GetCounts: the lives of one outbox that may hold what is not counted. */
export const INCARNATIONS_NAMED_MAX = 16;
/** Items whose likes a LikesServer keeps as it learnt them: some MiB, and more than people look at. */
export const COUNTS_CACHED_MAX = 10_000;
/** Calls for counts that wait for the primary; each holds at most COUNTS_MAX ids. */
export const COUNT_ASKS_WAITING_MAX = 1_000;
/** Ids that those calls hold together: at 256 bytes each some 5 MiB. */
export const COUNT_ASKS_IDS_MAX = 20_000;
/** Own events that a LikesServer holds in memory to tell them from those that are counted. */
export const RECENT_EVENTS_MAX = 20_000;
/** Pulses of one stream that may be unanswered, from 3 s of them on; no more are sent until then. */
export const PULSES_UNANSWERED_MAX = 64;
/** Ids that `start-likes` tries when none is given. */
export const SERVER_IDS_TRIED_MAX = 1_000;
/** LikesServers that `orchestrate` forks: more do not fit a laptop. */
export const ORCHESTRATED_SERVERS_MAX = 100;
/** gRPC streams on one connection at first: the fewest that RFC 9113 (6.5.2) advises. */
export const CONNECTION_STREAMS_FIRST = 100;
/**
 * gRPC streams on one connection once as many had their turn, and how many connections may have them.
 * A load generator needs many; others wait for what a connection sends at once.
 */
export const CONNECTION_STREAMS_MAX = 1_000;
export const WIDE_CONNECTIONS_MAX = 8;
/** Connections of one server: one of each stream and watcher, and of commands that come and go. */
export const CONNECTIONS_MAX = 6_000;
/** Calls that are open at one server: all that may wait, and room for short ones. */
export const CALLS_MAX = 20_000;
/**
 * Open calls of one address, and its connections. All that may wait fit, since all may be on one
 * machine. Others are still let in.
 */
export const ADDRESS_CALLS_MAX = 16_000;
export const ADDRESS_CONNECTIONS_MAX = 5_500;
/**
 * LikesServers that a primary refuses and names: those of another ledger, and those whose trouble has
 * no room. Of more of one sort, those that came first.
 */
export const REFUSED_NAMED_MAX = 100;
/** Streams of one service that is not our own, such as health: a person or an agent has one. */
export const FOREIGN_STREAMS_MAX = 100;
/** Bytes of answers that peers have not read, in all: above it nobody is answered but streams. */
export const UNREAD_BYTES_MAX = 128 * MIB;
/**
 * Bytes of the path of a socket: what the kernel takes; Node would cut a longer one without a word.
 */
export const SOCKET_PATH_BYTES_MAX = 107;
/** Megabytes of one HTTP/2 session's buffers; above it Node takes no new stream on it. */
export const SESSION_MEMORY_MAX_MB = 64;
/** Bytes of a call's metadata, of which ours has none: as in other gRPC servers. */
export const METADATA_BYTES_MAX = 8 * KIB;

// Time, in milliseconds.

/** Between pulses: a freshness that people see as live, at a cost of some small syncs a second. */
export const PULSE_INTERVAL_MS = 500;
/** Between a change and the pulse that tells of it: bounds the pulses under load. */
export const PULSE_GAP_MIN_MS = 50;
/** A member whose newest answered pulse was sent longer ago than this makes the status UNKNOWN. */
export const MEMBER_SILENT_MS = 3_000;
/** A stream without Hello. */
export const HELLO_WAIT_MAX_MS = 5_000;
/** How long a stream may go without a Report. Then the peer hangs, or the connection is half open. */
export const REPORT_WAIT_MAX_MS = 10_000;
/** How long the status lists a LikesServer that was refused, after its last Hello. */
export const REFUSED_KEPT_MS = 10_000;
/** A LikesServer without Welcome or pulse gives the stream up and connects again. */
export const PULSE_WAIT_MAX_MS = 3_000;
/**
 * A write of a role waits so long for another program's write to its store, and all that it serves
 * waits with it. That is many times a row's write with `sqlite3`; what lasts longer is told.
 */
export const BUSY_WAIT_MAX_MS = 50;
/** Calls are worked on for so long before all else that is ready: a newcomer waits for that. */
export const TURN_MS = 0.5;
/**
 * What one call is charged with at most. One that takes longer met the garbage collector, or is one of
 * the few that read much; who pays all of that waits for as much of each other connection.
 */
export const CHARGE_MAX_MS = 4 * TURN_MS;
/**
 * A commit waits so long for calls that wait: 500 that came at once share one, also on a slow
 * machine.
 */
export const COMMIT_WAIT_MAX_MS = 50;
/** How often the shells give their core the time. */
export const TICK_MS = 25;
/** Reconnects: first and longest pause, before jitter. */
export const BACKOFF_FIRST_MS = 50;
export const BACKOFF_MAX_MS = 1_000;
/** A clean stop: deliver and leave. */
export const LEAVE_WAIT_MAX_MS = 5_000;
/**
 * Grace period before the server destroys what the peer has not closed. It bounds three
 * things: the open calls of a server that shuts down, a connection that the server has ended, and a
 * call that was answered or refused while its request was still open.
 */
export const SHUTDOWN_WAIT_MAX_MS = 500;
/** A watcher that takes nothing is told that it is dropped. */
export const WATCHER_STALLED_MAX_MS = 5_000;
/** A connection that does not say that it speaks HTTP/2. */
export const HANDSHAKE_WAIT_MAX_MS = 5_000;
/**
 * Idle timeout of a connection. Our clients always have a call open; a new connection takes a
 * millisecond.
 */
export const CONNECTION_IDLE_MAX_MS = 15_000;
/** A call whose request is not complete, where the request is one message. */
export const REQUEST_WAIT_MAX_MS = 5_000;
/** An answer that is not read: its connection is cut, since nothing else takes it back. */
export const ANSWER_WAIT_MAX_MS = 10_000;
/** Bytes a second of an answer, beyond that wait: 64 kbit/s, so that a slow link gets all of it. */
export const ANSWER_BYTES_PER_S_MIN = 8_000;
/** HTTP/2 keepalive on both sides: a black hole shows within the sum. */
export const KEEPALIVE_TIME_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;
/** Status intervals. */
export const STATUS_INTERVAL_MIN_MS = 100;
export const STATUS_INTERVAL_DEFAULT_MS = 1_000;
export const STATUS_INTERVAL_MAX_MS = 60_000;
/** A unary call of a command. */
export const CALL_WAIT_DEFAULT_MS = 5_000;
/** A LikesServer that has not answered for so long is not waited for alone: some networks take half. */
export const REACH_PAUSE_MS = 250;
/** LikesServers that a giver tries: of more, most do not answer, and something else is wrong. */
export const REACHED_MAX = 16;
/** Learnt counts are shown for so long without asking again: bounds what readers cost the primary. */
export const COUNTS_FRESH_MS = 1_000;
/** Learnt counts are shown for so long while the primary is away, with their age: a day's outage. */
export const COUNTS_KEPT_MS = 24 * 3_600_000;
/** A LikesServer asks the primary for counts; its readers wait for that. */
export const COUNTS_FETCH_MAX_MS = 1_000;
/** How long `status --wait` and the drain of `orchestrate` wait. */
export const CONVERGE_WAIT_DEFAULT_MS = 30_000;

/** How long acknowledged events are kept: a backup of the ledger a day, and a day is covered. */
export const RETAIN_AGE_DEFAULT_MS = 24 * 3_600_000;

// The demonstration.

/** Port of the primary, as gRPC's examples have it. */
export const PORT_DEFAULT = 50_051;
export const ORCHESTRATED_SERVERS_DEFAULT = 10;
export const RUN_DURATION_DEFAULT_MS = 5 * 60_000;
/** A generator's interval and number of likes, when nothing else is said. */
export const INTERVAL_MIN_DEFAULT_MS = 1_000;
export const INTERVAL_MAX_DEFAULT_MS = 5_000;
export const LIKES_MAX_DEFAULT = 42;
/** A generator faster than this measures timers, not likes. */
export const INTERVAL_FLOOR_MS = 10;
/** What a timer of Node holds; it ends a longer wait at once. */
export const TIMER_MAX_MS = 2 ** 31 - 1;
/** Any duration that a flag takes. */
export const DURATION_MAX_MS = 7 * 24 * 3_600_000;
/** Until all children are ready, on a slow machine. */
export const READY_WAIT_MAX_MS = 60_000;
/** A child that dies is started again after this, doubled at each death until it is given up. */
export const RESTART_FIRST_MS = 100;
/** So many deaths in a row, without a life as long as that between them, and it is given up. */
export const DEATHS_IN_A_ROW_MAX = 5;
export const LIFE_MIN_MS = 10_000;
/** Children that were told to stop and did not are killed. */
export const CHILD_STOP_WAIT_MAX_MS = 8_000;
/** Bytes of a log, and of the older one beside it: some days of a busy role, and a small disk. */
export const LOG_BYTES_MAX = 64 * MIB;
/** Event lines a second in a log; above it a role writes one line a batch. */
export const LOG_EVENT_LINES_PER_S_MAX = 100;

assert(
  RECORD_BYTES_MAX >= RECORD_EVENTS_MAX * (ITEM_ID_BYTES_MAX + 16),
  "a record holds its events at their largest",
);
assert(
  MESSAGE_BYTES_MAX > BATCH_BYTES_MAX + RECORD_BYTES_MAX + BATCH_RECORDS_MAX * 32,
  "a message holds a batch with one record over",
);
assert(WINDOW_BYTES_MAX >= BATCH_BYTES_MAX, "a window holds a batch");
assert(QUEUED_BYTES_MAX > COMMIT_BYTES_MAX, "a commit never waits for what is held back");
assert(STREAM_BATCHES_QUEUED_MAX > WINDOW_BATCHES_MAX, "an honest sender is never paused");
assert(BUSY_WAIT_MAX_MS <= PULSE_GAP_MIN_MS, "a store that is busy holds back no pulse for long");
assert(PULSE_INTERVAL_MS * 2 < MEMBER_SILENT_MS, "one lost pulse does not make a member silent");
assert(PULSE_INTERVAL_MS * 2 < PULSE_WAIT_MAX_MS, "one late pulse does not break a stream");
assert(MEMBER_SILENT_MS < REPORT_WAIT_MAX_MS, "a member is named silent before it is dropped");
assert(
  REFUSED_KEPT_MS > 2 * (PULSE_WAIT_MAX_MS + BACKOFF_MAX_MS),
  "who comes again and again is named all the while, also when a Hello is lost",
);
assert(BACKOFF_MAX_MS < LEAVE_WAIT_MAX_MS, "a leaving LikesServer tries more than once");
assert(COUNTS_FETCH_MAX_MS < CALL_WAIT_DEFAULT_MS, "a reader hears of a primary that is away");
assert(COUNTS_CACHED_MAX > COUNTS_MAX, "what one answer tells can be kept");
assert(
  MESSAGE_BYTES_MAX > COUNTS_MAX * (ITEM_ID_BYTES_MAX + 128),
  "a message holds the counts of one answer",
);
assert(STREAMS_MAX > MEMBERS_MAX, "every member may have a stream, and an older one beside it");
assert(
  CONNECTIONS_MAX > STREAMS_MAX + WATCHERS_MAX,
  "streams and watchers leave room for commands",
);
assert(
  CALLS_MAX > ADDS_WAITING_MAX + STREAMS_MAX + WATCHERS_MAX,
  "all that may wait leaves room for short calls",
);
assert(
  ADDRESS_CALLS_MAX > ADDS_WAITING_MAX + STREAMS_MAX + WATCHERS_MAX &&
    ADDRESS_CALLS_MAX < CALLS_MAX,
  "all that may wait may come from one address, and leaves room for others",
);
assert(
  ADDRESS_CONNECTIONS_MAX > STREAMS_MAX + WATCHERS_MAX && ADDRESS_CONNECTIONS_MAX < CONNECTIONS_MAX,
  "streams and watchers may come from one address, and leave room for others",
);
assert(
  COMMIT_WAIT_MAX_MS <= PULSE_GAP_MIN_MS,
  "what waits for a commit holds back no pulse for long",
);
assert(2 * DURATION_MAX_MS < TIMER_MAX_MS, "a timer holds what two flags say together");
assert(UNREAD_BYTES_MAX > WATCHED_BYTES_MAX, "slow watchers alone keep nobody else from an answer");
assert(WATCHED_BYTES_MAX > MESSAGE_BYTES_MAX, "one state can always be sent");
assert(WATCHER_STALLED_MAX_MS < ANSWER_WAIT_MAX_MS, "a watcher is told before it is cut");
assert(TROUBLES_REPORTED_MAX < TROUBLES_RECORDED_MAX, "what the ledger finds has room of its own");
assert(
  MESSAGE_BYTES_MAX > (TROUBLES_RECORDED_MAX + 1) * (TROUBLE_DETAIL_BYTES_MAX + 512),
  "a message lists every trouble that is recorded",
);
assert(VERIFY_PAGES_BYTES_MAX >= VERIFY_ROWS_BYTES_MAX, "what is compared is also looked at");
assert(VERIFY_CRASHED_BYTES_MAX >= VERIFY_ROWS_BYTES_MAX, "a crash never makes a look shorter");
assert(
  TOTAL_LIKES_ACCEPTING_MAX +
    BigInt(Math.ceil(OUTBOX_BYTES_MAX / EVENT_BYTES_MIN) * LIKES_PER_EVENT_MAX) *
      BigInt(MEMBERS_MAX) <
    TOTAL_LIKES_MAX,
  "what all outboxes hold when the total is full can still be counted",
);
