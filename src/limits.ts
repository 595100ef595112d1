/**
 * Every bound and default, with its unit and its reason. Relations between bounds are asserted when
 * this file loads: a process with inconsistent bounds does not start.
 */
import { assert } from "./assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

// What may be accepted. These are constants of protocol version 1. A LikesServer checks them before
// it acknowledges, so the primary never has to refuse an accepted event.

/** Version of the delivery protocol. A peer with another version is refused at its Hello. */
export const PROTOCOL_VERSION = 1;
/** Bytes of an item id: a URL path or a UUID with room to spare. */
export const ITEM_ID_BYTES_MAX = 256;
/** Likes in one call: enough for a batch import, far below where 64-bit sums could wrap. */
export const LIKES_PER_EVENT_MAX = 1_000_000;
/** Likes of one person for one item: claps, as far as they say more than one like. */
export const LIKES_PER_PERSON_MAX = 50;
/** Reactions from which one is chosen, the plain like included. */
export const REACTIONS_MAX = 63;
/** UTF-8 bytes of a subject: an account's id, with room to spare. */
export const SUBJECT_BYTES_MAX = 256;
/** Keys of a site: an old and a new one during a change, for some backends. Each check tries all. */
export const KEYS_PER_SITE_MAX = 8;
/** Sites with keys: a LikesServer reads all of them at once, 2.5 MB at most. */
export const SITES_MAX = 1_000;
/** Persons of a demonstration. */
export const PERSONS_MAX = 100_000;
/** Sets of one register: a person that taps once a second reaches it after 68 years. */
export const REVISIONS_MAX = 2 ** 31 - 1;
/** The largest total: a store keeps it in a signed 64-bit integer. */
export const TOTAL_LIKES_MAX = 2n ** 63n - 1n;
/** At this total a LikesServer stops accepting: everything still in outboxes fits above it. */
export const TOTAL_LIKES_ACCEPTING_MAX = 2n ** 62n;
/** Bytes of the smallest event, whose item id is one letter. On disk an event takes more. */
const EVENT_BYTES_MIN = 7;
/** Characters of a server id: about the length of a host name's label. */
export const SERVER_ID_CHARS_MAX = 64;
/** Bytes of a `host:port`. */
export const ADDRESS_BYTES_MAX = 256;

// Groups and messages.

/** Events in one record, which share a sync. With more, the first client would wait too long. */
export const RECORD_EVENTS_MAX = 1_000;
/** Adds in one AddLikesBatch call: a full record, so that they share one sync. */
export const ADDS_MAX = 1_000;
/** Bytes of one record: RECORD_EVENTS_MAX events of the largest size, with framing. */
export const RECORD_BYTES_MAX = 320 * KIB;
/** Bytes of one batch: large enough to amortise a commit, small enough to let reports through. */
export const BATCH_BYTES_MAX = 64 * KIB;
/** Records in one batch: bounds the work that one refused batch wastes. */
export const BATCH_RECORDS_MAX = 256;
/** Bytes of any gRPC message: over twice a batch whose last record overshoots. */
export const MESSAGE_BYTES_MAX = 2 * MIB;
/** Batches in flight on one stream: enough to keep the primary's disk busy. */
export const WINDOW_BATCHES_MAX = 8;
/**
 * Bytes in flight on one stream: a report queued behind them is on time even in a mass catch-up.
 */
export const WINDOW_BYTES_MAX = 512 * KIB;
/** Batches that the primary queues for one stream before it stops reading from it. */
export const STREAM_BATCHES_QUEUED_MAX = 16;
/** Bytes of batches that the primary queues for all streams before it stops reading from any. */
export const QUEUED_BYTES_MAX = 64 * MIB;
/** Commands and bytes in one ledger commit. The reports of all streams wait for it. */
export const COMMIT_COMMANDS_MAX = 256;
export const COMMIT_BYTES_MAX = 512 * KIB;
/** Bytes of a commit that is always allowed: on a slow disk, a sync costs more than its events. */
export const COMMIT_BYTES_MIN = 256 * KIB;
/**
 * How long one commit should take. Acks, reports and reads of counts wait for it. Commits shrink
 * until they take no longer: an event costs five times as much among a million items as among a
 * thousand.
 */
export const COMMIT_TARGET_MS = 100;
/**
 * Rows in the intake of a ledger before it is folded under load, for each page of the file. Each
 * written page then takes the likes of several commits.
 */
export const INTAKE_ROWS_PER_PAGE = 10;
/** Rows in an intake that are never too many, and rows that always are: 100 MB of the file. */
export const INTAKE_ROWS_MIN = 250_000;
export const INTAKE_ROWS_MAX = 1_000_000;
/** Rows after which a run of the intake ends. A read searches every run. */
export const RUN_ROWS_MAX = 16_384;
/** Rows of one fold: enough to share the sync, few enough for a commit to wait for. */
export const FOLD_ROWS_MIN = 8_192;
/** Rows of the first fold in a pause, and of the least. */
export const FOLD_GENTLE_ROWS = 1_024;
export const FOLD_GENTLE_ROWS_MIN = 128;
/**
 * How long a fold in a pause should take, because a commit may come. A row costs ten times as much
 * in an intake of few rows, whose items are far apart.
 */
export const FOLD_TARGET_MS = 50;
/** A pause between commits in which the intake is folded. */
export const FOLD_PAUSE_MS = 100;
/** An opening of the ledger that served this long did not end for the reason of the one before. */
export const OPENING_SOUND_MS = 60_000;
/** Openings in a row that end sooner than that, before the primary itself ends. */
export const REOPENINGS_MAX = 8;
/** Troubles in one Report: the oldest. The rest count as pending until a later Report. */
export const TROUBLES_MAX = 16;
/** Troubles that Status lists in full: the oldest. */
export const TROUBLES_LISTED_MAX = 100;
/**
 * Undecided troubles of outboxes that a ledger records. `as_of` stands still from the first one on.
 * A report or batch whose trouble does not fit is refused whole. The ledger's own trouble always
 * fits: there is at most one.
 */
export const TROUBLES_RECORDED_MAX = 1_000;
/** At this many recorded troubles, reports add no more: the rest is for what the ledger detects. */
export const TROUBLES_REPORTED_MAX = 750;
/** Troubles of one outbox: one report's worth, and as many that the ledger detects. */
export const TROUBLES_OF_OUTBOX_MAX = 2 * TROUBLES_MAX;
/** Bytes of an operator's reason. */
export const REASON_BYTES_MAX = 256;
/** Characters of a client's mark, which lies beside the records of an outbox and not in its bound. */
export const MARK_CHARS_MAX = 256;
/** Bytes of a trouble's detail text. */
export const TROUBLE_DETAIL_BYTES_MAX = 512;

// Populations.

/** Adds that wait for a sync: ten syncs' worth at 1,000 events each. */
export const ADDS_WAITING_MAX = 10_000;
/**
 * Disk bytes of unacknowledged events: enough for a busy LikesServer to run for days without its
 * primary.
 */
export const OUTBOX_BYTES_MAX = 4096 * MIB;
/**
 * Disk bytes of acknowledged events, on top of OUTBOX_BYTES_MAX. They are retained in case the
 * ledger is restored from a backup. The default holds days of a typical LikesServer.
 */
export const RETAIN_BYTES_DEFAULT = 256 * MIB;
export const RETAIN_BYTES_MAX = 4096 * MIB;
/** Closed incarnations in an outbox, and as many idle ones: a crash loop must not fill the disk. */
export const RETAINED_INCARNATIONS_MAX = 1_000;
/** Slices of the retention period. Events acknowledged within one slice are trimmed together. */
export const RETAIN_SLICES_MAX = 64;
/**
 * Up to this size, free pages excluded, a start verifies a whole store. It compares every row with
 * its indexes and hashes every record. That takes 2.5 s of CPU for items, at worst 6 s for records.
 */
export const VERIFY_ROWS_BYTES_MAX = 64 * MIB;
/**
 * Up to this size, every record of an outbox is hashed after an unclean shutdown. A GiB of records
 * with one 6-byte event takes 90 s of CPU (5.5 µs each); full records of usual items take 10 s. The
 * worst case here is 23 s, within READY_WAIT_MAX_MS of a child.
 */
export const VERIFY_CRASHED_BYTES_MAX = 256 * MIB;
/**
 * Up to this size, every page is checked even after a clean shutdown: some seconds of disk reads.
 */
export const VERIFY_PAGES_BYTES_MAX = 1024 * MIB;
/** Members of one ledger, and streams of one primary: one status can list them all. */
export const MEMBERS_MAX = 2_000;
export const STREAMS_MAX = 4_000;
/** Status watchers: each costs a timer and one message a second. */
export const WATCHERS_MAX = 1_000;
/**
 * Bytes of statuses that watchers have not read. Above this, an update is skipped; the next is
 * newer.
 */
export const WATCHED_BYTES_MAX = 64 * MIB;
/** Items in one GetCounts: even with ids of 256 bytes they fit a message several times. */
export const COUNTS_MAX = 1_000;
export const COUNTS_DEFAULT = 20;
/** Incarnations in one GetCounts: those of an outbox that may hold uncounted events. */
export const INCARNATIONS_NAMED_MAX = 16;
/** Items in a LikesServer's count cache: a few MiB, and more than people look at. */
export const COUNTS_CACHED_MAX = 10_000;
/** Count requests that wait for the primary. Each holds at most COUNTS_MAX ids. */
export const COUNT_REQUESTS_WAITING_MAX = 1_000;
/** Ids in all waiting count requests: some 5 MiB at 256 bytes each. */
export const COUNT_REQUEST_IDS_MAX = 20_000;
/** Own events that a LikesServer holds in memory to tell pending likes from counted ones. */
export const RECENT_EVENTS_MAX = 20_000;
/** Unanswered pulses on one stream, at least 3 s of them. At this many, no more are sent. */
export const PULSES_UNANSWERED_MAX = 320;
/** Server ids that `start-likes` tries when none is given. */
export const SERVER_IDS_TRIED_MAX = 1_000;
/** LikesServers that `orchestrate` forks: more do not fit a laptop. */
export const ORCHESTRATED_SERVERS_MAX = 100;
/** gRPC streams on a new connection: the minimum that RFC 9113 (6.5.2) recommends. */
export const CONNECTION_STREAMS_FIRST = 100;
/**
 * gRPC streams on a connection after its first CONNECTION_STREAMS_FIRST calls had their turn, and
 * how many connections may have that many. A load generator needs them. Other peers wait behind
 * whatever one connection sends at once.
 */
export const CONNECTION_STREAMS_MAX = 1_000;
export const WIDE_CONNECTIONS_MAX = 8;
/** Connections of one server: one for each stream and watcher, and some for commands. */
export const CONNECTIONS_MAX = 6_000;
/** Open calls at one server: every call that may wait, and room for short ones. */
export const CALLS_MAX = 20_000;
/**
 * Open calls and connections of one address. Every call that may wait fits, because all clients may
 * run on one machine. Other addresses still get in.
 */
export const ADDRESS_CALLS_MAX = 16_000;
export const ADDRESS_CONNECTIONS_MAX = 5_500;
/**
 * Refused LikesServers that the status lists, of each kind the first ones: those of another ledger
 * or secret, and those whose trouble could not be recorded.
 */
export const REFUSED_LISTED_MAX = 100;
/** Streams of one library service, such as health: a person or an agent needs one. */
export const LIBRARY_STREAMS_MAX = 100;
/** Bytes of answers that peers have not read, in all. Above this, only streams get answers. */
export const UNREAD_BYTES_MAX = 128 * MIB;
/** Bytes of a socket's path: the kernel's limit. Node silently truncates a longer path. */
export const SOCKET_PATH_BYTES_MAX = 107;
/**
 * Megabytes of one HTTP/2 session's buffers. Above this, Node opens no new stream on the session.
 */
export const SESSION_MEMORY_MAX_MB = 64;
/** Bytes of a call's metadata: gRPC's usual limit. Our own calls send none. */
export const METADATA_BYTES_MAX = 8 * KIB;

// HTTP.

/** Items of a read whose answer caches keep, and of one that names a person. */
export const WEB_GET_ITEMS_MAX = 100;
export const WEB_READ_ITEMS_MAX = 1_000;
export const WEB_TOP_DEFAULT = 20;
/** Operations of one write: what a page gathers before it is left. */
export const WEB_WRITES_MAX = 100;
/** Bytes of a body: a browser's beacon has at most as many. */
export const BODY_BYTES_MAX = 64 * KIB;
/** Bytes of all bodies that a server reads at once. */
export const BODIES_BYTES_MAX = 32 * MIB;
/** Arrays and objects inside each other: our own bodies have three. */
export const JSON_DEPTH_MAX = 8;
/** Bytes of a request line with its fields. A query of 100 items is longer than usual fields. */
export const WEB_HEADER_BYTES_MAX = 32 * KIB;
/** Fields of a request: browsers and proxies send some 30. */
export const WEB_FIELDS_MAX = 64;
/** Characters of a token: a JWT of a site's backend needs some hundred. */
export const TOKEN_CHARS_MAX = 2_048;
/** JWTs whose check is remembered: it takes ten times as long as everything else. */
export const TOKENS_CACHED_MAX = 10_000;
/** Connections of HTTP at one server, and of one network if no proxy stands in front. */
export const WEB_CONNECTIONS_MAX = 8_000;
export const WEB_CONNECTIONS_OF_CLIENT_MAX = 4_000;
/** Requests of one connection that wait for their answers. Browsers and proxies send one at a time. */
export const WEB_PIPELINED_MAX = 8;
/** Streams of server-sent events at one server, and of one network: a large company has one. */
export const WEB_WATCHERS_MAX = 4_000;
export const WATCHERS_OF_CLIENT_MAX = 2_000;
/** Items of one such stream, and of all of them: the cache of counts has room for all. */
export const WATCHER_ITEMS_MAX = 500;
export const WATCHED_ITEMS_MAX = 8_000;
/** Watchers that get an event before other work has its turn: about a millisecond. */
export const WATCH_TURN_WATCHERS = 50;
/** Clients that a limit tells apart: some 50 MB. Above that, some share a limit. */
export const LIMITED_CLIENTS_MAX = 2 ** 18;
/** Likes of a person in a minute, and how many times that a network may give. */
export const WRITES_PER_MINUTE_DEFAULT = 60;
export const NETWORK_WRITES_FACTOR = 10;
/** New anonymous persons of a network in a day without a challenge, and how many times that with. */
export const NEW_PERSONS_DEFAULT = 20;
export const NEW_PERSONS_FACTOR = 50;
/** Characters of a solved challenge. */
export const SOLVED_CHARS_MAX = 4_096;
/** Solved challenges that are remembered until they expire. */
export const CHALLENGES_SPENT_MAX = 100_000;
/** Proxies in front of a LikesServer: a content network, a balancer, and a few more. */
export const PROXY_HOPS_MAX = 8;
/** Letters of a badge's label. */
export const BADGE_LABEL_CHARS_MAX = 40;
/** Life of a token's cookie: browsers allow 400 days. */
export const COOKIE_LIFE_S = 400 * 24 * 3_600;
/** Life of a token that a site's backend signs. */
export const TOKEN_AGE_MAX_S = 24 * 3_600;

// Time, in milliseconds.

/** Time between events of one stream: four a second look live to people. */
export const WATCH_GAP_MIN_MS = 250;
/** How often the status is sent when it stays the same, which keeps proxies from cutting. */
export const WATCH_STATUS_MS = 15_000;
/** How long a connection of HTTP may do nothing before it is ended: watchers get the status meanwhile. */
export const WEB_SILENCE_MAX_MS = 2 * WATCH_STATUS_MS;
/** How long an event may stay unread before its stream is ended. */
export const WATCH_UNREAD_MAX_MS = 10_000;
/** How long a challenge may take to be solved. */
export const CHALLENGE_LIFE_MS = 10 * 60_000;

/** Time between pulses: it looks live to people, and costs a few small syncs a second. */
export const PULSE_INTERVAL_MS = 500;
/**
 * Minimum time between pulses when the ledger changes. It grows with the streams, because each of
 * them answers: up to 25 streams, that is 500 reports a second at most.
 */
export const PULSE_GAP_MIN_MS = 10;
export const PULSE_GAP_MAX_MS = 50;
export const PULSE_GAP_OF_STREAM_MS = 2;
/** Time between writes of what was acknowledged: each takes a sync of the outbox from the likes. */
export const ACKNOWLEDGE_GAP_MIN_MS = 50;
/** A member whose newest answered pulse was sent longer ago than this makes the status UNKNOWN. */
export const MEMBER_SILENT_MS = 3_000;
/** How long a stream may stay open without a Hello. */
export const HELLO_WAIT_MAX_MS = 5_000;
/** How long a stream may go without a Report. After that the peer hangs or is unreachable. */
export const REPORT_WAIT_MAX_MS = 10_000;
/** How long the status lists a LikesServer that was refused, after its last Hello. */
export const REFUSED_KEPT_MS = 10_000;
/** How long a LikesServer waits for Welcome or a pulse before it reconnects. */
export const PULSE_WAIT_MAX_MS = 3_000;
/**
 * How long a role's write waits for another program that writes to its store. Everything the role
 * serves waits too. Writing a row with `sqlite3` is much faster; a longer wait is reported.
 */
export const BUSY_WAIT_MAX_MS = 50;
/** How long calls run before other ready work does: a new peer waits at most this long. */
export const TURN_MS = 0.5;
/**
 * The most that one call is charged. A longer call met the garbage collector, or is one of the few
 * large reads. Charged in full, its connection would wait that long for every other one.
 */
export const CHARGE_MAX_MS = 4 * TURN_MS;
/**
 * How long a commit waits for queued calls. Even on a slow machine, 500 simultaneous calls share
 * one commit.
 */
export const COMMIT_WAIT_MAX_MS = 50;
/** How often a shell sends its core a tick. */
export const TICK_MS = 25;
/** Reconnects: first and longest pause, before jitter. */
export const BACKOFF_FIRST_MS = 50;
export const BACKOFF_MAX_MS = 1_000;
/** How long a clean shutdown may take to deliver pending events and leave. */
export const LEAVE_WAIT_MAX_MS = 5_000;
/**
 * Grace period before the server destroys what the peer has not closed. It bounds three things:
 * open calls at shutdown, a connection that the server has ended, and a call that was answered or
 * refused while its request was still open.
 */
export const SHUTDOWN_WAIT_MAX_MS = 500;
/** How long a watcher may leave a status unread before its call is ended. */
export const WATCHER_STALLED_MAX_MS = 5_000;
/** How long a new connection may take to send the HTTP/2 preface. */
export const HANDSHAKE_WAIT_MAX_MS = 5_000;
/**
 * Idle timeout of a connection. Our clients always have a call open; reconnecting takes about 1 ms.
 */
export const CONNECTION_IDLE_MAX_MS = 15_000;
/** How long a unary request may take to arrive. */
export const REQUEST_WAIT_MAX_MS = 5_000;
/**
 * How long an answer may stay unread. Then its connection is cut: grpc-js cannot drop an answer.
 */
export const ANSWER_WAIT_MAX_MS = 10_000;
/** Read rate that extends that wait, in bytes per second: a 64 kbit/s link gets a whole answer. */
export const ANSWER_BYTES_PER_S_MIN = 8_000;
/** HTTP/2 keepalive on both sides: a dead connection is detected within the sum. */
export const KEEPALIVE_TIME_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;
/** Status intervals. */
export const STATUS_INTERVAL_MIN_MS = 100;
export const STATUS_INTERVAL_DEFAULT_MS = 1_000;
export const STATUS_INTERVAL_MAX_MS = 60_000;
/** Timeout of a command's unary call. */
export const CALL_WAIT_DEFAULT_MS = 5_000;
/** How long a key that was removed from the file of site keys may still count. */
export const SITE_KEYS_AGE_MAX_MS = 1_000;
/** How long a change of site keys waits for others, which take milliseconds each. */
export const SITE_KEYS_WAIT_MAX_MS = 10_000;
/**
 * How long a client waits for one address before it tries the next: twice a slow network's need.
 */
export const REACH_PAUSE_MS = 250;
/** LikesServers that a client tries. If none of these answers, more addresses do not help. */
export const ADDRESSES_TRIED_MAX = 16;
/** How long cached counts are served without a new fetch: bounds what readers cost the primary. */
export const COUNTS_FRESH_MS = 1_000;
/** How long cached counts are served, with their age, while the primary is away: one day. */
export const COUNTS_KEPT_MS = 24 * 3_600_000;
/** How long a LikesServer waits for counts from the primary. Its readers wait as well. */
export const COUNTS_FETCH_MAX_MS = 1_000;
/** How long `status --wait` and the drain of `orchestrate` wait. */
export const CONVERGE_WAIT_DEFAULT_MS = 30_000;

/** How long acknowledged events are retained: enough if the ledger is backed up daily. */
export const RETAIN_AGE_DEFAULT_MS = 24 * 3_600_000;

// The demonstration.

/** Port of the primary, as in gRPC's examples. */
export const PORT_DEFAULT = 50_051;
export const ORCHESTRATED_SERVERS_DEFAULT = 10;
export const RUN_DURATION_DEFAULT_MS = 5 * 60_000;
/** A generator's default interval and number of likes. */
export const INTERVAL_MIN_DEFAULT_MS = 1_000;
export const INTERVAL_MAX_DEFAULT_MS = 5_000;
export const LIKES_MAX_DEFAULT = 42;
/** A generator faster than this measures timers, not likes. */
export const INTERVAL_FLOOR_MS = 10;
/** The longest timer in Node, which fires a longer one at once. */
export const TIMER_MAX_MS = 2 ** 31 - 1;
/** The longest duration that a flag accepts. */
export const DURATION_MAX_MS = 7 * 24 * 3_600_000;
/** How long all children may take to become ready on a slow machine. */
export const READY_WAIT_MAX_MS = 60_000;
/** Delay before a crashed child is restarted. It doubles with each crash in a row. */
export const RESTART_FIRST_MS = 100;
/** Crashes in a row before a child is given up. An uptime of UPTIME_MIN_MS starts a new row. */
export const CRASHES_IN_A_ROW_MAX = 5;
export const UPTIME_MIN_MS = 10_000;
/** How long children may take to stop before they are killed. */
export const CHILD_STOP_WAIT_MAX_MS = 8_000;
/** Bytes of a log, and of the older one beside it: days of a busy role, even on a small disk. */
export const LOG_BYTES_MAX = 64 * MIB;
/** Event lines per second in a log. Above this, a role writes one line per batch. */
export const LOG_EVENT_LINES_PER_S_MAX = 100;

assert(
  RECORD_BYTES_MAX >= RECORD_EVENTS_MAX * (ITEM_ID_BYTES_MAX + 16),
  "a record holds its events at their largest",
);
assert(ADDS_MAX <= RECORD_EVENTS_MAX, "the adds of one call fit a record");
assert(
  MESSAGE_BYTES_MAX > ADDS_MAX * (6 * ITEM_ID_BYTES_MAX + 256),
  "an answer holds a refusal for each add, with its item id in JSON",
);
assert(
  MESSAGE_BYTES_MAX > BATCH_BYTES_MAX + RECORD_BYTES_MAX + BATCH_RECORDS_MAX * 32,
  "a message holds a batch whose last record overshoots",
);
assert(WINDOW_BYTES_MAX >= BATCH_BYTES_MAX, "a window holds a batch");
assert(COMMIT_BYTES_MIN < COMMIT_BYTES_MAX, "a commit can shrink");
assert(QUEUED_BYTES_MAX > COMMIT_BYTES_MAX, "a commit never waits for a paused stream");
assert(STREAM_BATCHES_QUEUED_MAX > WINDOW_BATCHES_MAX, "an honest sender is never paused");
assert(BUSY_WAIT_MAX_MS <= PULSE_GAP_MAX_MS, "a busy store delays a pulse only briefly");
assert(PULSE_INTERVAL_MS * 2 < MEMBER_SILENT_MS, "one lost pulse does not make a member silent");
assert(PULSE_INTERVAL_MS * 2 < PULSE_WAIT_MAX_MS, "one late pulse does not break a stream");
assert(MEMBER_SILENT_MS < REPORT_WAIT_MAX_MS, "a member is listed as silent before it is dropped");
assert(
  REFUSED_KEPT_MS > 2 * (PULSE_WAIT_MAX_MS + BACKOFF_MAX_MS),
  "a refused LikesServer that keeps retrying stays listed, even if a Hello is lost",
);
assert(BACKOFF_MAX_MS < LEAVE_WAIT_MAX_MS, "a leaving LikesServer tries more than once");
assert(COUNTS_FETCH_MAX_MS < CALL_WAIT_DEFAULT_MS, "a reader learns that the primary is away");
assert(COUNTS_CACHED_MAX > WATCHED_ITEMS_MAX, "the cache holds what watchers watch, and more");
assert(COUNTS_CACHED_MAX > COUNTS_MAX, "the cache holds all counts of one answer");
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
  "calls that may wait leave room for short calls",
);
assert(
  ADDRESS_CALLS_MAX > ADDS_WAITING_MAX + STREAMS_MAX + WATCHERS_MAX &&
    ADDRESS_CALLS_MAX < CALLS_MAX,
  "calls that may wait may come from one address, and leave room for others",
);
assert(
  ADDRESS_CONNECTIONS_MAX > STREAMS_MAX + WATCHERS_MAX && ADDRESS_CONNECTIONS_MAX < CONNECTIONS_MAX,
  "streams and watchers may come from one address, and leave room for others",
);
assert(COMMIT_WAIT_MAX_MS <= PULSE_GAP_MAX_MS, "waiting for a commit delays a pulse only briefly");
assert(2 * DURATION_MAX_MS < TIMER_MAX_MS, "a timer holds the sum of two flags");
assert(UNREAD_BYTES_MAX > WATCHED_BYTES_MAX, "slow watchers alone never block other answers");
assert(WATCHED_BYTES_MAX > MESSAGE_BYTES_MAX, "one status can always be sent");
assert(
  WATCHER_STALLED_MAX_MS < ANSWER_WAIT_MAX_MS,
  "a stalled watcher gets its error before it is cut",
);
assert(TROUBLES_REPORTED_MAX < TROUBLES_RECORDED_MAX, "troubles the ledger detects have room");
assert(
  MESSAGE_BYTES_MAX > (TROUBLES_RECORDED_MAX + 1) * (TROUBLE_DETAIL_BYTES_MAX + 512),
  "a message lists every recorded trouble",
);
assert(VERIFY_PAGES_BYTES_MAX >= VERIFY_ROWS_BYTES_MAX, "verified rows have verified pages");
assert(VERIFY_CRASHED_BYTES_MAX >= VERIFY_ROWS_BYTES_MAX, "a crash never means verifying less");
assert(
  TOTAL_LIKES_ACCEPTING_MAX +
    BigInt(Math.ceil(OUTBOX_BYTES_MAX / EVENT_BYTES_MIN) * LIKES_PER_EVENT_MAX) *
      BigInt(MEMBERS_MAX) <
    TOTAL_LIKES_MAX,
  "everything in all outboxes can still be counted when accepting stops",
);
