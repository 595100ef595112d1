/** Bugs in the ledger's rules: exactly once, membership, amnesia, decisions. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const RULE_TESTS = [
  "test/core/ledger/apply_batch_test.ts",
  "test/core/ledger/apply_event_test.ts",
  "test/core/ledger/apply_commands_test.ts",
  "test/core/ledger/apply_report_test.ts",
  "test/core/ledger/apply_report_room_test.ts",
  "test/core/ledger/detect_anomalies_test.ts",
  "test/core/ledger/operator_decisions_test.ts",
];
const DECISION_TESTS = [
  "test/core/ledger/detect_anomalies_test.ts",
  "test/core/ledger/operator_decisions_test.ts",
  "test/core/ledger/apply_report_test.ts",
];

const BATCH_RULE = mutantsOf({ file: "src/core/ledger/apply_batch.ts", tests: RULE_TESTS }, [
  {
    name: "gap-applied",
    breaks: "pitfall 6: events after a gap are applied",
    edits: [
      [
        "  if (first !== expected) {",
        "  if (first > expected) return undefined;\n  if (first !== expected) {",
      ],
    ],
  },
  {
    name: "overlap-applied",
    breaks: "law 2: a batch that overlaps applied events is applied as a whole",
    edits: [
      [
        "  if (first !== expected) {",
        "  if (first < expected) return undefined;\n  if (first !== expected) {",
      ],
    ],
  },
  {
    name: "bounded-duplicate-memory",
    breaks: "pitfall 8: an old duplicate is forgotten, and counts again",
    edits: [
      [
        "  if (batch.events.last <= incarnation.appliedSequence) {",
        "  if (batch.events.last + 2 <= incarnation.appliedSequence) {\n" +
          "    const again = decode(batch, codec);\n" +
          '    for (const [itemId, gained] of "code" in again ? [] : gainsOf(changes.ledger, again).byItem) {\n' +
          "      changes.addLikes(itemId, gained);\n" +
          "    }\n" +
          "  }\n" +
          "  if (batch.events.last <= incarnation.appliedSequence) {",
      ],
    ],
  },
  {
    name: "older-batch-no-duplicate",
    breaks: "pitfall 7: only the newest batch is recognized as a duplicate",
    edits: [
      [
        "  if (batch.events.last <= incarnation.appliedSequence) {",
        "  if (batch.events.last === incarnation.appliedSequence) {",
      ],
    ],
  },
  {
    name: "duplicate-never",
    breaks: "law 2: a duplicate is rejected instead of acknowledged again",
    edits: [
      [
        "  if (batch.events.last <= incarnation.appliedSequence) {",
        "  if (batch.events.last < 1) {",
      ],
    ],
  },
  {
    name: "rule-before-the-group",
    breaks: "law 2: a batch is checked against the state at its receipt, not in the transaction",
    edits: [
      [
        "  const incarnation = changes.ledger.incarnation(batch.incarnation);",
        "  const received = receivedOf(changes);\n" +
          "  const incarnation =\n" +
          "    received.get(batch.incarnation) ?? changes.ledger.incarnation(batch.incarnation);\n" +
          "  if (incarnation !== undefined) received.set(batch.incarnation, incarnation);",
      ],
      [
        "/** Applies a whole batch or nothing. Returns `applied`, `duplicate` or `refused`. */",
        "const RECEIVED = new WeakMap<UnitOfWork, Map<string, IncarnationRow>>();\n\n" +
          "function receivedOf(changes: UnitOfWork): Map<string, IncarnationRow> {\n" +
          "  const received = RECEIVED.get(changes) ?? new Map<string, IncarnationRow>();\n" +
          "  RECEIVED.set(changes, received);\n" +
          "  return received;\n" +
          "}\n\n" +
          "/** Applies a whole batch or nothing. Returns `applied`, `duplicate` or `refused`. */",
      ],
    ],
  },
  {
    name: "digest-not-compared-in-ledger",
    breaks: "pitfall 29: a batch whose bytes were changed is applied",
    edits: [
      [
        "  if (digest === batch.digest) return undefined;",
        '  if (digest !== "") return undefined;',
      ],
    ],
  },
  {
    name: "foreign-incarnation-taken",
    breaks: "pitfall 1: a batch is applied to another outbox's incarnation",
    edits: [
      [
        "  if (incarnation.outboxId !== outboxId) return ",
        '  if (incarnation.outboxId === "") return ',
      ],
    ],
  },
  {
    name: "partial-batch-on-refusal",
    breaks: "pitfall 14: a rejected batch leaves its first item counted",
    edits: [
      [
        "  if (totalAtMost > TOTAL_LIKES_MAX) {",
        "  if (totalAtMost > TOTAL_LIKES_MAX) {\n" +
          "    for (const { itemId } of decoded.slice(0, 1)) changes.addLikes(itemId, 1n);",
      ],
    ],
  },
  {
    name: "item-once-in-a-batch",
    breaks: "law 3: only the last of several events for one item in a batch counts",
    edits: [
      [
        "    const outcomes = decoded.map((event) => applyEvent(changes, event));",
        "    const last = new Map(decoded.map((event) => [event.itemId, event])).values();\n" +
          "    const counted = new Set(last);\n" +
          "    const outcomes = decoded.map((event) =>\n" +
          "      counted.has(event)\n" +
          "        ? applyEvent(changes, event)\n" +
          '        : { itemId: event.itemId, gained: 0n, outcome: "counted" as const },\n' +
          "    );",
      ],
    ],
  },
  {
    name: "members-likes-doubled",
    breaks: "pitfall 13: the likes of a member are no longer those of its events",
    edits: [
      [
        "member.appliedLikes + addedLikes(decoded, outcomes)",
        "member.appliedLikes + 2n * addedLikes(decoded, outcomes)",
      ],
    ],
  },
  {
    name: "sequence-not-moved",
    breaks: "pitfall 13: likes are added, but the applied sequence stays",
    edits: [
      [
        "    const row = changes.setIncarnation({ ...incarnation, appliedSequence: events.last, digest });",
        "    const row = { ...incarnation, appliedSequence: events.last, digest };",
      ],
    ],
  },
  {
    name: "events-after-end-unnamed",
    breaks: "law 7: events of a closed incarnation raise no trouble",
    edits: [["    recordAfterClose(changes, incarnation, batch);\n", ""]],
  },
  {
    name: "retired-batch-applied",
    breaks: "law 7: a retired incarnation continues without a report",
    edits: [
      [
        '  const isRetired = incarnation?.state === "retired" || member?.state === "retired";',
        "  const isRetired = false;",
      ],
    ],
  },
]);

const DECODING = mutantsOf({ file: "src/core/ledger/decode_batch.ts", tests: RULE_TESTS }, [
  {
    name: "unknown-change-skipped",
    breaks: "protocol: an event of an unknown kind is skipped, and its batch acknowledged",
    edits: [
      [
        "      if (event === undefined) return unknownChange(eventSequence);",
        "      if (event === undefined) {\n" +
          '        events.push({ itemId: "skipped", change: { kind: "add", likes: 0n } });\n' +
          "        continue;\n" +
          "      }",
      ],
    ],
  },
  {
    name: "event-bounds-not-checked",
    breaks: "pitfall 28: an event that no LikesServer accepts reaches the total",
    edits: [
      [
        "      if (refusal !== undefined) return beyondProtocol(eventSequence, refusal.message);",
        "",
      ],
    ],
  },
  {
    name: "record-starts-not-checked",
    breaks: "law 2: a record that does not follow the previous one is accepted",
    edits: [
      [
        "    if (decoded === undefined || range.first !== sequence) {",
        "    if (decoded === undefined) {",
      ],
    ],
  },
  {
    name: "events-not-counted-off",
    breaks: "pitfall 14: the applied sequence advances beyond the applied events",
    edits: [["  if (last === batch.events.last) return events;", "  if (last > 0) return events;"]],
  },
]);

const EVENT_RULE = mutantsOf(
  { file: "src/core/ledger/apply_event.ts", tests: ["test/core/ledger/apply_event_test.ts"] },
  [
    {
      name: "register-by-arrival",
      breaks: "law 3: the set that comes last wins, so a late one undoes a newer one",
      edits: [['  if (order < 0) return unchanged(itemId, "superseded");\n', ""]],
    },
    {
      name: "register-gain-of-the-event",
      breaks: "law 3: a set adds its likes, whatever the person gave before",
      edits: [
        ["  changes.addLikes(itemId, -BigInt(before.likes), before.reaction);\n", ""],
        ["gained: BigInt(state.likes - before.likes)", "gained: BigInt(state.likes)"],
      ],
    },
    {
      name: "register-not-kept",
      breaks: "law 2: the register forgets a set, and the same one counts again",
      edits: [["  changes.setRegister(person, itemId, state);\n", ""]],
    },
    {
      name: "take-back-of-the-plain-like",
      breaks: "law 3: a reaction that is replaced keeps its like",
      edits: [["-BigInt(before.likes), before.reaction)", "-BigInt(before.likes))"]],
    },
    {
      name: "operation-not-asked",
      breaks: "law 2: a named add that is repeated counts twice",
      edits: [
        [
          "  if (operation !== undefined && !changes.count(operation)) return",
          "  if (operation !== undefined && !changes.count(operation) && likes < 0n) return",
        ],
      ],
    },
    {
      name: "forgotten-person-counts-again",
      breaks: "law 3: a set that comes late brings a forgotten person back",
      edits: [
        [
          "  const before = changes.ledger.register(person, itemId);\n" +
            '  if (before === undefined) return unchanged(itemId, "forgotten");\n',
          "  const nothing = { revision: 0, reaction: 0, likes: 0 };\n" +
            "  const before = changes.ledger.register(person, itemId) ?? nothing;\n",
        ],
      ],
    },
    {
      name: "withdrawn-likes-stay",
      breaks: "law 3: the likes of a person who takes them back stay in the items",
      edits: [["  if (withdraw) {", "  if (withdraw && given.length === 0) {"]],
    },
    {
      name: "kept-likes-without-record",
      breaks: "law 3: likes without a name are in the total, and in no table",
      edits: [["withdraw ? [] : given", "[]"]],
    },
  ],
);

const REGISTERS = mutantsOf(
  {
    file: "src/core/protocol/register.ts",
    tests: ["test/core/protocol/register_test.ts", "test/core/ledger/apply_event_test.ts"],
  },
  [
    {
      name: "states-by-revision-alone",
      breaks: "law 3: of two states with one revision the first to come wins",
      edits: [
        [
          "one.revision - other.revision || one.reaction - other.reaction || one.likes - other.likes",
          "one.revision - other.revision",
        ],
      ],
    },
    {
      name: "next-state-of-the-same-revision",
      breaks: "law 3: a device that takes back a like sends no greater state",
      edits: [["revision: base.revision + 1, ...wanted", "revision: base.revision, ...wanted"]],
    },
    {
      name: "state-kept-without-reaction",
      breaks: "law 3: the kept state of a register lacks its reaction",
      edits: [
        [
          "return { revision: (rest - reaction) / RANKS, reaction, likes };",
          "return { revision: (rest - reaction) / RANKS, reaction: Math.min(1, reaction), likes };",
        ],
      ],
    },
  ],
);

const CHANGES = mutantsOf({ file: "src/core/ledger/unit_of_work.ts", tests: RULE_TESTS }, [
  {
    name: "total-without-item",
    breaks: "pitfall 13: the total grows, but the item does not",
    edits: [["    this.ledger.addLikes(itemId, gained, reaction);", ""]],
  },
  {
    name: "item-without-total",
    breaks: "pitfall 13: the item grows, but the total does not",
    edits: [["    this.#totalLikes += gained;", ""]],
  },
  {
    name: "operation-alone-in-its-row",
    breaks: "law 2: an operation forgets the others of its row",
    edits: [
      [
        "this.ledger.setCountedOperations(place, counted | place.bit);",
        "this.ledger.setCountedOperations(place, place.bit);",
      ],
    ],
  },
  {
    name: "total-as-number",
    breaks: "pitfall 26: the total is converted to a number, and rounds beyond 2^53",
    edits: [
      [
        "    this.#totalLikes += gained;",
        "    this.#totalLikes = BigInt(Number(this.#totalLikes) + Number(gained));",
      ],
    ],
  },
  {
    name: "as-of-moves-in-trouble",
    breaks: "law 4: as_of is committed while trouble is recorded",
    edits: [
      [
        "    if (asOfMs <= this.#asOfMs || this.ledger.troubleCount() > 0) return;",
        "    if (asOfMs <= this.#asOfMs) return;",
      ],
    ],
  },
  {
    name: "as-of-goes-back",
    breaks: "law 4: a smaller as_of is committed after a larger one",
    edits: [
      [
        "    if (asOfMs <= this.#asOfMs || this.ledger.troubleCount() > 0) return;",
        "    if (this.ledger.troubleCount() > 0) return;",
      ],
    ],
  },
  {
    name: "trouble-without-room-dropped",
    breaks: "law 7: a one-time sign is consumed without being recorded",
    edits: [
      [
        "    const row = this.ledger.addTrouble({",
        "    if (this.ledger.troubleCount() >= TROUBLES_RECORDED_MAX) return;\n" +
          "    const row = this.ledger.addTrouble({",
      ],
    ],
  },
  {
    name: "version-stands-still",
    breaks: "law 5: a commit that changes the total keeps the previous version",
    edits: [
      [
        "    const version = this.#before.version + 1;",
        "    const version = Math.max(this.#before.version, 1);",
      ],
    ],
  },
  {
    name: "total-version-not-kept",
    breaks: "law 5: shown everywhere is checked at a version with another total",
    edits: [
      [
        "      totalVersion: grown ? version : this.#before.totalVersion,",
        "      totalVersion: this.#before.totalVersion,",
      ],
    ],
  },
]);

const GROUP = mutantsOf({ file: "src/core/ledger/apply_commands.ts", tests: RULE_TESTS }, [
  {
    name: "hello-writes-membership",
    breaks: "protocol: a Hello, which may be stale, makes its outbox a member",
    edits: [
      [
        "  const row = changes.incarnationOr(hello.incarnation, hello.outboxId);",
        "  const row = changes.incarnationOr(hello.incarnation, hello.outboxId);\n" +
          "  const { outboxId, serverId, address } = hello;\n" +
          "  const known = changes.ledger.member(outboxId);\n" +
          "  const { appliedLikes = 0n, retiredAsOfMs } = known ?? {};\n" +
          '  const state = "member";\n' +
          "  changes.setMember({ outboxId, serverId, address, state, appliedLikes, retiredAsOfMs });",
      ],
    ],
  },
  {
    name: "hello-opens-incarnation",
    breaks: "protocol: a Hello, which may be stale, opens its incarnation",
    edits: [
      [
        "  const row = changes.incarnationOr(hello.incarnation, hello.outboxId);",
        "  const row = changes.setIncarnation(\n" +
          "    changes.incarnationOr(hello.incarnation, hello.outboxId),\n" +
          "  );",
      ],
    ],
  },
  {
    name: "stream-goes-on-after-refusal",
    breaks: "law 2: commands that follow a rejected batch on its stream take effect",
    edits: [
      ["    else if (!refused.has(command.streamId)) {", "    else if (command.streamId > -1) {"],
    ],
  },
  {
    name: "restored-ledger-unnoticed",
    breaks: "law 7: a ledger older than the one last seen raises no trouble",
    edits: [
      [
        "  return seen.version > (generation.lastVersion ?? ledger.meta().version);",
        "  return false;",
      ],
    ],
  },
  {
    name: "forgotten-generation-unnoticed",
    breaks: "law 7: a ledger that lacks the generation last seen raises no trouble",
    edits: [
      [
        "  if (generation === undefined) return true;",
        "  if (generation === undefined) return false;",
      ],
    ],
  },
  {
    name: "other-secret-welcomed",
    breaks: "law 2: a Hello with another secret is answered, and the outbox compares and parks",
    edits: [
      [
        "  const refusal = checkFingerprint(hello.fingerprint, changes.fingerprint);\n",
        "  const refusal = checkFingerprint(hello.fingerprint, undefined);\n",
      ],
    ],
  },
  {
    name: "older-ledger-not-told",
    breaks: "law 7: a ledger that forgot acknowledged events does not request redelivery",
    edits: [
      [
        "  const redeliver = isBehind || isRestored(changes.ledger, hello);",
        "  const redeliver = isBehind && isRestored(changes.ledger, hello);",
      ],
    ],
  },
]);

const REPORT_RULE = mutantsOf(
  {
    file: "src/core/ledger/apply_report.ts",
    tests: ["test/core/ledger/apply_report_test.ts", ...RULE_TESTS],
  },
  [
    {
      name: "other-secret-admitted",
      breaks: "law 2: a LikesServer with another secret is admitted, and each person counts again",
      edits: [["  if (otherSecret !== undefined) return refused(otherSecret);\n", ""]],
    },
    {
      name: "parked-outbox-leaves",
      breaks: "law 4: an outbox with parked likes leaves, and the status no longer waits for them",
      edits: [["  if (report.otherPendingEvents > 0) return false;\n", ""]],
    },
    {
      name: "left-although-open",
      breaks: "membership: an outbox leaves while one of its incarnations is open",
      edits: [["  if (other !== undefined) {", '  if (other !== undefined && other === "") {']],
    },
    {
      name: "left-without-asking",
      breaks: "membership: an outbox that delivered everything leaves unasked",
      edits: [["    report.leaving && isApplied && leave(", "    isApplied && leave("]],
    },
    {
      name: "closed-although-not-final",
      breaks: "protocol: an incarnation that is not final is closed once it is applied",
      edits: [
        [
          "  const isDone = report.final && report.lastSequence === row.appliedSequence;",
          "  const isDone = report.lastSequence === row.appliedSequence;",
        ],
      ],
    },
    {
      name: "closed-although-not-applied",
      breaks: "law 1: a final incarnation is closed before it is applied, and removed",
      edits: [
        [
          "  const isDone = report.final && report.lastSequence === row.appliedSequence;",
          "  const isDone = report.final;",
        ],
      ],
    },
    {
      name: "late-report-brings-back",
      breaks: "membership: a stale report makes an outbox that left a member",
      edits: [
        [
          '  if (before?.state === "left" && isOutdated(report, known)) {',
          '  if (before?.state === "left" && before.serverId === "" && isOutdated(report, known)) {',
        ],
      ],
    },
    {
      name: "return-forgets-likes",
      breaks: "law 3: the likes of a returning member restart at 0",
      edits: [
        [
          "  const { appliedEvents = 0, appliedLikes = 0n, retiredAsOfMs } = before ?? {};",
          "  const [appliedEvents, appliedLikes] = [0, 0n];\n" +
            "  const { retiredAsOfMs } = before ?? {};",
        ],
      ],
    },
  ],
);

const AMNESIA_RULE = mutantsOf(
  {
    file: "src/core/ledger/detect_anomalies.ts",
    tests: ["test/core/ledger/apply_report_test.ts", ...DECISION_TESTS],
  },
  [
    {
      name: "second-copy-unnoticed",
      breaks: "pitfall 2: two live copies of one outbox raise no trouble",
      edits: [
        ['  if (other !== undefined) found("second_incarnation", `${other} is open too`);', ""],
      ],
    },
    {
      name: "closed-reports-as-live",
      breaks: "law 7: a live report of a closed incarnation raises no trouble",
      edits: [
        [
          '  if (row.state === "closed") found(',
          '  if (row.state === "closed" && incarnation === "") found(',
        ],
      ],
    },
    {
      name: "rolled-back-end-unnoticed",
      breaks: "pitfall 23: a final report below the applied sequence raises no trouble",
      edits: [
        [
          "    if (lastSequence >= known) return row;",
          "    if (lastSequence >= 0 * known) return row;",
        ],
      ],
    },
    {
      name: "gap-skipped-without-decision",
      breaks: "law 7: counting continues after an undecided gap",
      edits: [
        [
          '  if (row?.state === "open") changes.setIncarnation({ ...row, state: "parked" });',
          '  if (row?.state !== "open") return;\n' +
            "  const { kind, events, digest } = trouble;\n" +
            '  if (kind !== "gap") changes.setIncarnation({ ...row, state: "parked" });\n' +
            "  else changes.setIncarnation({ ...row, appliedSequence: events.last, digest });",
        ],
      ],
    },
    {
      name: "parked-stays-open",
      breaks: "law 7: a parked incarnation stays open in the ledger, and looks like a second copy",
      edits: [
        ['  if (row?.state === "open") changes.setIncarnation({ ...row, state: "parked" });', ""],
      ],
    },
    {
      name: "decided-trouble-again",
      breaks: "law 7: a decided trouble is recorded again unchanged",
      edits: [
        [
          '  if (trouble.kind !== "gap") return changes.ledger.wasDecided(outboxId, trouble);',
          '  if (trouble.kind !== "gap") return false;',
        ],
      ],
    },
    {
      name: "gap-over-undecided",
      breaks: "law 7: an undecided gap is reported as over",
      edits: [
        [
          "  return row !== undefined && row.appliedSequence >= (trouble.events?.last ?? 0);",
          "  return row !== undefined;",
        ],
      ],
    },
    {
      name: "redelivery-ended-too-early",
      breaks: "law 7: a redelivery is reported as done while it is still in progress",
      edits: [
        [
          "  if (isRedelivered) endRestored(",
          '  if (isRedelivered || outboxId !== "") endRestored(',
        ],
      ],
    },
    {
      name: "missing-not-named",
      breaks:
        "law 7: after a restore, events that no outbox retains are missing from highestReported",
      edits: [["    recordMissingEvents(changes, outboxId, report);", ""]],
    },
    {
      name: "named-and-forgotten-not-in-range",
      breaks:
        "law 7: events reported but never applied are lost with an outbox, and no range names them",
      edits: [["Math.max(events.last, highestReported.sequence)", "events.last"]],
    },
    {
      name: "closed-and-live-stays-closed",
      breaks: "pitfall 2: a live closed incarnation is not detected beside its copy",
      edits: [
        [
          '  return row.state === "open" ? row : changes.setIncarnation({ ...row, state: "open" });',
          "  return row;",
        ],
      ],
    },
    {
      name: "returned-not-named",
      breaks: "law 7: a retired member returns with likes, but no span is named",
      edits: [["    changes.addTrouble(outboxId, trouble, { doubtfulAsOf });", ""]],
    },
    {
      name: "returned-span-from-now",
      breaks: "law 7: the span of a returned member begins with its return, not its retirement",
      edits: [["afterMs: before.retiredAsOfMs ?? 0,", "afterMs: changes.asOfMs,"]],
    },
    {
      name: "retired-stays-retired",
      breaks: "law 2: the likes of a retired incarnation that returns are never counted",
      edits: [
        [
          '  const open = isRetired ? changes.setIncarnation({ ...row, state: "open" }) : row;',
          "  const open = row;",
        ],
      ],
    },
  ],
);

const DECISION_RULE = mutantsOf(
  { file: "src/core/ledger/operator_decisions.ts", tests: DECISION_TESTS },
  [
    {
      name: "resolve-of-streaming-copy",
      breaks: "law 7: an incarnation with a live stream is retired",
      edits: [
        ["  if (!streaming.includes(incarnation)) retire", '  if (!streaming.includes("")) retire'],
      ],
    },
    {
      name: "gap-closed-while-streaming",
      breaks: "law 7: a gap is closed while the incarnation streams and may still fill it",
      edits: [
        [
          '  if (streaming.includes(incarnation)) return refuse("resolve", ',
          '  if (streaming.includes("")) return refuse("resolve", ',
        ],
      ],
    },
    {
      name: "gap-closed-backwards",
      breaks: "law 2: closing a gap that was filled meanwhile moves the applied sequence back",
      edits: [
        [
          "  const givenUp = eventRange(row.appliedSequence + 1, events.last);",
          "  const givenUp = eventRange(Math.min(row.appliedSequence + 1, events.last), events.last);",
        ],
      ],
    },
    {
      name: "gap-range-not-named",
      breaks: "law 7: the decision does not name the events that will never count",
      edits: [
        [
          '  changes.decide("resolve", trouble, reason, givenUp);',
          '  changes.decide("resolve", trouble, reason);',
        ],
      ],
    },
    {
      name: "gap-closed-with-old-digest",
      breaks: "law 7: after a closed gap, the ledger's digest does not match the remaining events",
      edits: [
        [
          "  changes.setIncarnation({ ...row, state, appliedSequence: givenUp.last, digest });",
          "  changes.setIncarnation({ ...row, state, appliedSequence: givenUp.last });",
        ],
      ],
    },
    {
      name: "copies-that-left-stay",
      breaks: "law 7: the trouble of two copies that both left cannot be resolved",
      edits: [["  if (open.length > 0 && live.length !== 1) {", "  if (live.length !== 1) {"]],
    },
    {
      name: "copies-resolved-while-both-stream",
      breaks: "law 7: one of two copies is retired although both stream",
      edits: [
        [
          "  if (open.length > 0 && live.length !== 1) {",
          "  if (open.length > 0 && live.length < 1) {",
        ],
      ],
    },
    {
      name: "retire-leaves-open",
      breaks: "law 7: an incarnation of a retired member stays open",
      edits: [
        [
          '  for (const state of ["open", "parked"] as const) retireAll(changes, outboxId, state);',
          '  retireAll(changes, outboxId, "parked");',
        ],
      ],
    },
    {
      name: "retire-not-recorded",
      breaks: "law 7: a retirement is not recorded in the ledger",
      edits: [['  changes.decide("retire", { outboxId }, reason);', ""]],
    },
    {
      name: "copy-says-nothing",
      breaks: "law 7: a ledger opened from a copy raises no trouble",
      edits: [
        [
          "  changes.addTrouble(undefined, { kind, incarnation: undefined, ...NO_EVENTS, detail });",
          "",
        ],
      ],
    },
    {
      name: "restored-resolved-by-word",
      breaks: "law 7: an operator's decision ends a redelivery in progress",
      edits: [["      if (trouble.outboxId === undefined) break;", "      break;"]],
    },
  ],
);

const TRANSACTION = mutantsOf(
  {
    file: "src/core/ledger/ledger_transaction.ts",
    tests: ["test/store/ledger/memory_ledger_test.ts", "test/store/ledger/sqlite_ledger_test.ts"],
  },
  [
    {
      name: "totals-outside-transaction",
      breaks: "pitfall 13: the likes of items stay after a rollback",
      edits: [
        [
          "    this.#add(this.#likes, itemId, gained);",
          "    this.#likes.set(itemId, (this.#likes.get(itemId) ?? 0n) + gained);\n" +
            "    this.#isChanged = true;",
        ],
      ],
    },
    {
      name: "sequence-outside-transaction",
      breaks: "pitfall 13: the applied sequence stays after a rollback",
      edits: [
        [
          "    this.#set(this.#incarnations, incarnation, { row, place });",
          "    this.#incarnations.set(incarnation, { row, place });\n    this.#isChanged = true;",
        ],
      ],
    },
    {
      name: "older-events-read-after-newer",
      breaks: "law 3: later commands of a commit do not see its earlier writes",
      edits: [["    return set ?? this.#loaded.get(", "    return this.#loaded.get("]],
    },
    {
      name: "decided-trouble-still-there",
      breaks: "law 7: a trouble decided in this commit is decided again",
      edits: [
        ["    return rows.filter(({ number }) => !this.#decided.has(number));", "    return rows;"],
      ],
    },
  ],
);

const LOADED_ROWS = mutantsOf(
  {
    file: "src/core/ledger/loaded_rows.ts",
    tests: ["test/store/ledger/memory_ledger_test.ts", "test/store/ledger/sqlite_ledger_test.ts"],
  },
  [
    {
      name: "missed-row-read-as-absent",
      breaks: "law 3: a row that is not loaded counts as absent, and a duplicate as new",
      edits: [
        [
          "throw new Miss(loaded === undefined ? need : doubled(need));\n    }\n    return loaded.rows",
          "return undefined as never;\n    }\n    return loaded.rows",
        ],
      ],
    },
  ],
);

/** All bugs of this file. */
export const LEDGER_MUTANTS: readonly Mutant[] = [
  ...BATCH_RULE,
  ...DECODING,
  ...EVENT_RULE,
  ...REGISTERS,
  ...CHANGES,
  ...GROUP,
  ...REPORT_RULE,
  ...AMNESIA_RULE,
  ...DECISION_RULE,
  ...TRANSACTION,
  ...LOADED_ROWS,
];
