/** Bugs at the wire: numbers, absent fields, changed bytes, back-pressure. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const WIRE_TESTS = [
  "test/rpc/wire_test.ts",
  "test/rpc/wire_refusals_test.ts",
  "test/rpc/wire_bounds_test.ts",
];
const NOT_SIMULATED = { isSimulated: false };

const FIELDS = mutantsOf({ file: "src/rpc/wire_fields.ts", ...NOT_SIMULATED, tests: WIRE_TESTS }, [
  {
    name: "likes-as-number",
    breaks: "pitfall 26: likes of the wire go through a number",
    edits: [["  return BigInt(wire);", "  return BigInt(Number(wire));"]],
  },
  {
    name: "rounded-numbers-taken",
    breaks: "pitfall 26: a sequence beyond 2^53 is taken as the number beside it",
    edits: [
      [
        "  if (!Number.isSafeInteger(value) || value < 0) throw invalid(field, wire);",
        "  if (Number.isNaN(value) || value < 0) throw invalid(field, wire);",
      ],
    ],
  },
  {
    name: "bad-numbers-sent",
    breaks: "pitfall 27: a number that 64 bits cannot hold is sent as another one",
    edits: [
      [
        "  if (exact < 0n || exact >= 1n << 64n) throw ",
        "  if (exact < 0n && exact >= 1n << 64n) throw ",
      ],
    ],
  },
  {
    name: "absent-sequence-taken",
    breaks: "pitfall 28: an absent sequence is taken as 0",
    edits: [["  if (sequence === 0) throw invalid(field, wire);", ""]],
  },
  {
    name: "any-id-taken",
    breaks: "pitfall 28: an id that is empty or of another form is taken",
    edits: [["/^[0-9a-f]{32}$/", "/^[0-9a-f]*/"]],
  },
  {
    name: "short-digest-taken",
    breaks: "pitfall 28: an absent digest is taken",
    edits: [["  if (wire.length !== 16) throw", "  if (wire.length > 16) throw"]],
  },
  {
    name: "unknown-convergence-is-unknown",
    breaks: "pitfall 28: an enum of another release is read as one of this",
    edits: [
      ['      throw invalid("convergence", JSON.stringify(name));', '      return "converged";'],
    ],
  },
]);

const WIRE = mutantsOf({ file: "src/rpc/wire.ts", ...NOT_SIMULATED, tests: WIRE_TESTS }, [
  {
    name: "backward-batch-taken",
    breaks: "law 2: a batch that ends before it begins is taken",
    edits: [
      [
        '  if (lastSequence < firstSequence) throw invalid("last_sequence", wire.lastSequence);',
        "",
      ],
    ],
  },
  {
    name: "batch-without-bound",
    breaks: "law 6: a batch may have any number of records",
    edits: [
      [
        "  if (records.length === 0 || records.length > BATCH_RECORDS_MAX) {",
        "  if (records.length === 0) {",
      ],
    ],
  },
  {
    name: "troubles-without-bound",
    breaks: "law 6: a report may name any number of troubles",
    edits: [
      [
        "  if (wire.troubles.length > TROUBLES_MAX)",
        "  if (wire.troubles.length < 0 * TROUBLES_MAX)",
      ],
    ],
  },
  {
    name: "leaving-without-final",
    breaks: "membership: an outbox leaves that goes on accepting",
    edits: [
      ['  if (wire.leaving && !wire.final) throw invalid("leaving", "set without final");', ""],
    ],
  },
]);

const CODEC = mutantsOf(
  {
    file: "src/rpc/record_codec.ts",
    tests: ["test/rpc/record_codec_test.ts"],
  },
  [
    {
      name: "cut-record-decoded",
      breaks: "pitfall 29: of a record that was cut the whole events are taken",
      edits: [
        ["    return undefined; // protobufjs throws", "    return events; // protobufjs throws"],
      ],
    },
    {
      name: "event-overruns",
      breaks: "pitfall 29: an event that ends elsewhere than it says is taken",
      edits: [["      if (reader.pos !== end) return undefined;", ""]],
    },
    {
      name: "absent-change-is-none",
      breaks: "pitfall 28: an event without a change is taken as one of 0 likes",
      edits: [
        [
          '  return likes === undefined ? undefined : { itemId, change: { kind: "add", likes } };',
          '  return { itemId, change: { kind: "add", likes: likes ?? 0n } };',
        ],
      ],
    },
    {
      name: "likes-lose-high-bits",
      breaks: "pitfall 27: likes beyond 32 bits lose their upper half",
      edits: [
        [
          "  return long.high === 0 ? low : (BigInt(long.high >>> 0) << 32n) | low;",
          "  return low;",
        ],
      ],
    },
    {
      name: "digest-without-sequence",
      breaks: "law 7: a digest does not say where its record stands",
      edits: [[".update(sequence).update(bytes);", ".update(bytes);"]],
    },
    {
      name: "digest-without-history",
      breaks: "law 7: a digest does not name the history before its record",
      edits: [['update(previous, "hex").update(sequence)', 'update("", "hex").update(sequence)']],
    },
    {
      name: "broken-text-taken",
      breaks: "pitfall 29: an item id that is not UTF-8 becomes another one",
      edits: [["  if (!isUtf8(bytes)) throw", "  if (bytes.length < 0 && !isUtf8(bytes)) throw"]],
    },
  ],
);

const SERVICES = [
  ...mutantsOf(
    {
      file: "src/rpc/primary_service.ts",
      ...NOT_SIMULATED,
      tests: ["test/rpc/primary_service_test.ts"],
    },
    [
      {
        name: "write-result-ignored",
        breaks: "pitfall 32: what does not drain is written on",
        edits: [
          [
            "    send: (message) => call.write(writeFromPrimary(message)),",
            "    send: (message) => call.write(writeFromPrimary(message)) || true,",
          ],
        ],
      },
      {
        name: "pause-not-performed",
        breaks: "pitfall 33: a stream that is held back is read on",
        edits: [["    pause: () => call.pause(),", "    pause: () => {},"]],
      },
      {
        name: "bad-message-ends-nothing",
        breaks: "matrix 26: after a malformed message the stream goes on",
        edits: [
          [
            '      close();\n      call.emit("error", toStatus(error));',
            "      error.message.trim();",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/rpc/watching.ts", ...NOT_SIMULATED, tests: ["test/rpc/watching_test.ts"] },
    [
      {
        name: "watcher-backlog",
        breaks: "pitfall 34: a watcher that takes nothing gets a backlog",
        edits: [
          [
            "    if (watcher.isEnded || watcher.bytes > 0 || this.#bytes >= WATCHED_BYTES_MAX) return;",
            "    if (watcher.isEnded) return;",
          ],
        ],
      },
      {
        name: "watcher-stalls-for-ever",
        breaks: "pitfall 34: a watcher that takes nothing is never sent away",
        edits: [
          ["        () => end(watcher, toStatus(STALLED)),", "        () => watcher.isEnded,"],
        ],
      },
      {
        name: "watchers-without-bound",
        breaks: "matrix 22: any number of watchers is taken",
        edits: [
          [
            "  if (watchers < WATCHERS_MAX) return undefined;",
            "  if (watchers >= 0) return undefined;",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/rpc/client.ts", ...NOT_SIMULATED, tests: ["test/rpc/client_test.ts"] },
    [
      {
        name: "retries-enabled",
        breaks: "pitfall 37: gRPC sends again by itself",
        edits: [['  "grpc.enable_retries": 0,', '  "grpc.enable_retries": 1,']],
      },
      {
        name: "reconnect-without-cap",
        breaks: "pitfall 35: gRPC waits for minutes before it connects again",
        edits: [['  "grpc.max_reconnect_backoff_ms": BACKOFF_MAX_MS,\n', ""]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/rpc/likes_service.ts",
      ...NOT_SIMULATED,
      tests: ["test/rpc/likes_service_test.ts"],
    },
    [
      {
        name: "absent-likes-taken",
        breaks: "pitfall 28: a request without a number of likes is taken as 0",
        edits: [
          [
            "  if (presence === undefined || given === undefined) {",
            "  if (presence !== undefined && given === undefined) {",
          ],
        ],
      },
    ],
  ),
];

/** All of them. */
export const RPC_MUTANTS: readonly Mutant[] = [...FIELDS, ...WIRE, ...CODEC, ...SERVICES];
