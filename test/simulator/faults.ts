/**
 * Every kind of fault in a simulated world. A kind that plans ask for and that never takes effect
 * tests nothing, so a range of seeds fails for it.
 */

/** Faults of messages and streams: at a rate, or at a moment. */
const NETWORK_FAULTS = [
  "message_lost",
  "message_duplicated",
  "message_delayed",
  "message_reordered_up",
  "message_reordered_down",
  "partition_both",
  "partition_up",
  "partition_down",
  "half_open",
  "stream_broken",
  "connection_refused",
  "transport_blocked",
] as const;

/** Faults of processes and their disks. */
const PROCESS_FAULTS = [
  "crash_likes_server",
  "crash_primary",
  "superseded_in_commit",
  "older_primary_returns",
  "crash_between_effects",
  "crash_in_recovery",
  "write_lost",
  "write_kept_unseen",
  "paused",
  "paused_long",
  "stopped_leaving",
  "stopped_staying",
  "left_long",
  "disk_full",
  "disk_slow",
  "store_busy",
  "sync_failed_lost",
  "sync_failed_kept",
  "read_failed",
  "outbox_full",
] as const;

/** Messages of a broken peer that the other side can tell to be wrong. */
const PEER_FAULTS = [
  "peer_replays",
  "peer_overlaps",
  "peer_changes",
  "peer_out_of_turn",
  "peer_other_version",
  "primary_confused",
] as const;

/** Faults of the wall clock on the primary's machine. */
const CLOCK_FAULTS = [
  "clock_hour_on",
  "clock_hour_back",
  "clock_days_on",
  "clock_days_back",
  "clock_1970",
  "clock_2038",
  "clock_frozen",
] as const;

/** Faults by which an outbox or the ledger forgets. */
const AMNESIA_FAULTS = [
  "outbox_wiped",
  "outbox_restored",
  "outbox_copied",
  "ledger_restored_plain",
  "ledger_restored_marked",
  "ledger_exchanged",
  "retired_early",
] as const;

/** The kinds that need no operator, and those by which a store forgets. */
export const PLAIN_FAULTS = [
  ...NETWORK_FAULTS,
  ...PROCESS_FAULTS,
  ...PEER_FAULTS,
  ...CLOCK_FAULTS,
] as const;
export const AMNESIAS = AMNESIA_FAULTS;
export const PEERS = PEER_FAULTS;
export const FAULT_KINDS = [...PLAIN_FAULTS, ...AMNESIA_FAULTS] as const;

/** A kind of fault. */
export type FaultKind = (typeof FAULT_KINDS)[number];
export type PeerFault = (typeof PEER_FAULTS)[number];
export type Amnesia = (typeof AMNESIA_FAULTS)[number];

/** A number for each kind of fault. */
export type FaultCounts = Record<FaultKind, number>;

/** Returns zero for every kind of fault. */
export function noFaults(): FaultCounts {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultCounts;
}
