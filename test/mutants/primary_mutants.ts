/** Bugs in the primary: convergence, `as_of`, pulse times, Acks and pulses, bounds. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const STATUS_TESTS = [
  "test/core/primary/status_test.ts",
  "test/core/primary/primary_pulses_test.ts",
];
const CONTACT_TESTS = [
  "test/core/primary/progress_tracker_test.ts",
  "test/core/primary/primary_test.ts",
];
const STREAM_TEST = "test/core/primary/delivery_stream_test.ts";
const PRIMARY_TESTS = [
  "test/core/primary/primary_test.ts",
  "test/core/primary/primary_pulses_test.ts",
  "test/core/primary/primary_bounds_test.ts",
  "test/core/primary/primary_decisions_test.ts",
];

const STATUS = mutantsOf({ file: "src/core/primary/status.ts", tests: STATUS_TESTS }, [
  {
    name: "converged-from-totals",
    breaks: "pitfall 44: converged when a member's likes are equal by accident",
    edits: [
      [
        "    isCatchingUp ||= pendingOf(progress) > 0;",
        "    const { acceptedLikes } = progress.report;\n" +
          "    isCatchingUp ||= acceptedLikes !== view.members.get(outboxId)?.appliedLikes;",
      ],
    ],
  },
  {
    name: "converged-while-silent",
    breaks: "law 4: converged while a member has not answered recently",
    edits: [
      [
        '    if (progress?.report === undefined || isSilent(progress, nowMs)) return "unknown";',
        '    if (progress?.report === undefined) return "unknown";',
      ],
    ],
  },
  {
    name: "converged-before-all-answered",
    breaks: "law 4: converged after a start, before each member has answered",
    edits: [
      [
        '    if (progress?.report === undefined || isSilent(progress, nowMs)) return "unknown";',
        "    if (progress?.report === undefined) continue;\n" +
          '    if (isSilent(progress, nowMs)) return "unknown";',
      ],
    ],
  },
  {
    name: "converged-in-trouble",
    breaks: "pitfall 46: converged while trouble is recorded",
    edits: [
      [
        '  if (isInTrouble(view) || mayBeWrongLedger(view)) return "unknown";',
        '  if (view.troubles.length > 1_000 || mayBeWrongLedger(view)) return "unknown";',
      ],
    ],
  },
  {
    name: "converged-although-exchanged",
    breaks:
      "law 4: a ledger without members is converged although its members are on another ledger",
    edits: [
      [
        '  if (isInTrouble(view) || mayBeWrongLedger(view)) return "unknown";',
        '  if (view.troubles.length > 0) return "unknown";',
      ],
    ],
  },
  {
    name: "converged-without-other-incarnations",
    breaks: "law 4: pending events of other incarnations are ignored",
    edits: [
      ["  return clamp(ownEvents + progress.otherPendingEvents);", "  return clamp(ownEvents);"],
    ],
  },
  {
    name: "as-of-shown-before-committed",
    breaks: "law 4: as_of is shown before it is on the disk",
    edits: [
      ["    asOfMs: view.meta.asOfMs,", "    asOfMs: leastFreshness(view) ?? view.meta.asOfMs,"],
    ],
  },
  {
    name: "everywhere-from-convergence",
    breaks: "law 5: everywhere is reported when converged, whether shown or not",
    edits: [
      [
        '    everywhere: state === "converged" && isShownEverywhere(view),',
        '    everywhere: state === "converged",',
      ],
    ],
  },
  {
    name: "as-of-of-the-fastest",
    breaks: "law 4: as_of is the highest freshness of the members, not the lowest",
    edits: [
      ["  let least = Number.MAX_SAFE_INTEGER;", "  let least = 0;"],
      [
        "    least = Math.min(least, view.progress.get(outboxId)?.freshUpToMs ?? 0);",
        "    least = Math.max(least, view.progress.get(outboxId)?.freshUpToMs ?? 0);",
      ],
    ],
  },
  {
    name: "as-of-without-the-silent",
    breaks: "law 4: a member that has not answered since the start does not hold back as_of",
    edits: [
      [
        "    least = Math.min(least, view.progress.get(outboxId)?.freshUpToMs ?? 0);",
        "    least = Math.min(least, view.progress.get(outboxId)?.freshUpToMs ?? least);",
      ],
    ],
  },
  {
    name: "copy-confirmed-by-nobody",
    breaks: "law 7: a copy without members counts as complete by itself",
    edits: [["  return view.members.size > 0;", "  return view.members.size >= 0;"]],
  },
  {
    name: "copy-confirmed-while-pending",
    breaks: "law 7: a copy counts as complete while a member names events that it lacks",
    edits: [["    if (pendingOf(progress) > 0) return false;", ""]],
  },
]);

const CONTACTS = mutantsOf({ file: "src/core/primary/progress_tracker.ts", tests: CONTACT_TESTS }, [
  {
    name: "converged-ignores-received",
    breaks: "law 4: a received batch does not raise the reported sequence until a report",
    edits: [
      [
        "      highestReportedSequence: Math.max(lastSequence, same?.highestReportedSequence ?? 0),",
        "      highestReportedSequence: Math.max(\n" +
          '        message.type === "report" ? lastSequence : 0,\n' +
          "        same?.highestReportedSequence ?? 0,\n" +
          "      ),",
      ],
    ],
  },
  {
    name: "mark-with-named-pending",
    breaks: "law 4: freshness advances while the report names events that are not applied",
    edits: [["    if (row.appliedSequence >= sequence) {", "    if (row.appliedSequence >= 0) {"]],
  },
  {
    name: "mark-with-others-pending",
    breaks: "law 4: freshness advances while other incarnations have pending events",
    edits: [
      [
        "    if (report.otherPendingEvents === 0) this.#advanceFreshness(report, row);",
        "    this.#advanceFreshness(report, row);",
      ],
    ],
  },
  {
    name: "awaited-too-early",
    breaks: "law 4: a pulse time counts before what was awaited for it is applied",
    edits: [
      [
        "      pendingFreshness !== undefined && appliedSequence >= pendingFreshness.sequence;",
        "      pendingFreshness !== undefined && appliedSequence >= pendingFreshness.sequence - 1;",
      ],
    ],
  },
  {
    name: "older-stream-speaks",
    breaks: "pitfall 5: a message of an outbox's older stream changes the state of the newer one",
    edits: [
      [
        "    if (isOlder && sentMs <= before.sentMs) return;",
        "    if (isOlder && sentMs === Infinity) return;",
      ],
    ],
  },
]);

const LABELS = mutantsOf(
  { file: "src/core/primary/logical_clock.ts", tests: ["test/core/primary/logical_clock_test.ts"] },
  [
    {
      name: "labels-from-the-wall-clock",
      breaks: "pitfall 42: pulse times begin at the wall clock, which may have been set back",
      edits: [
        ["    this.#lastMs = committedMs;", "    this.#lastMs = 0;"],
        ["    this.startMs = Math.max(wallMs, committedMs + 1);", "    this.startMs = wallMs;"],
      ],
    },
    {
      name: "labels-repeat",
      breaks: "law 4: two pulses within a millisecond have the same pulse time",
      edits: [["Math.max(this.#lastMs + 1, ", "Math.max(this.#lastMs, "]],
    },
  ],
);

const PRIMARY = mutantsOf({ file: "src/core/primary/primary.ts", tests: PRIMARY_TESTS }, [
  {
    name: "ack-on-receipt",
    breaks: "pitfall 12: a batch is acknowledged before its commit",
    edits: [
      [
        '    this.#queue.push({ type: "batch", streamId: stream.id, outboxId, batch });',
        '    this.#queue.push({ type: "batch", streamId: stream.id, outboxId, batch });\n' +
          "    const { incarnation } = batch;\n" +
          "    const appliedSequence = batch.events.last;\n" +
          "    const { version } = this.#ledger.meta;\n" +
          "    const flags = { closed: false, admitted: true, left: false, resolved: [] };\n" +
          '    const ack = { type: "ack", incarnation, appliedSequence, version, ...flags };\n' +
          "    this.#actions.send(stream.id, ack);",
      ],
    ],
  },
  {
    name: "welcome-on-receipt",
    breaks: "protocol: Welcome has the ledger's state at the receipt of the Hello",
    edits: [
      [
        "    this.#streams.register(stream);\n",
        "    this.#streams.register(stream);\n" +
          "    this.#heard.set(stream.id, this.#rows.get(hello.incarnation));\n",
      ],
      [
        "    const { appliedSequence, digest, redeliver } = result;",
        "    const { redeliver } = result;\n" +
          "    const { appliedSequence, digest } = this.#heard.get(stream.id) ?? result;\n" +
          "    this.#rows.set(stream.sender.incarnation, result);",
      ],
      [
        "        this.#tracker.onApplied(incarnation);\n",
        "        this.#tracker.onApplied(incarnation);\n" +
          "        this.#rows.set(incarnation.incarnation, incarnation);\n",
      ],
      [
        "  readonly #queue = new CommitQueue();",
        "  readonly #queue = new CommitQueue();\n" +
          "  readonly #rows = new Map();\n  readonly #heard = new Map();",
      ],
    ],
  },
  {
    name: "newer-hello-keeps-queue",
    breaks: "protocol: messages of a replaced stream are not discarded",
    edits: [["    this.#queue.drop(streamId);", ""]],
  },
  {
    name: "as-of-from-receipt",
    breaks:
      "law 4: a report counts for the time of its receipt, not for the pulse time that it answers",
    edits: [
      [
        "    const command = { ...sender, report, highestReported };",
        "    const later = { ...report, pulseMs: this.#clock.peek(nowMs) };\n" +
          "    const command = { ...sender, report: later, highestReported };",
      ],
    ],
  },
  {
    name: "silence-from-receipt",
    breaks: "law 4: a member is silent since its answer came, not since the pulse was sent",
    edits: [
      [
        "    this.#tracker.onMessageReceived(outboxId, stream.id, report, sentMs);",
        "    this.#tracker.onMessageReceived(outboxId, stream.id, report, nowMs);",
      ],
    ],
  },
  {
    name: "pause-ignored",
    breaks: "pitfall 33: a sender is never held back, and the queue grows",
    edits: [['    if (isPaused) this.#actions.push({ type: "pause", streamId: stream.id });', ""]],
  },
  {
    name: "resume-forgotten",
    breaks: "matrix 23: a sender that was held back is never resumed",
    edits: [
      [
        "    for (const streamId of this.#queue.resume()) " +
          'this.#actions.push({ type: "resume", streamId });',
        "    this.#queue.resume();",
      ],
    ],
  },
  {
    name: "refused-commit-unanswered",
    breaks: "matrix 17: after a full disk the streams continue as if their commands were done",
    edits: [["    for (const stream of this.#streams.all) this.#end(stream.id, refusal);", ""]],
  },
  {
    name: "refused-commit-at-once",
    breaks: "matrix 17: after a full disk commits are retried without backoff",
    edits: [["    this.#commitAtMs = nowMs + COMMIT_RETRY_PAUSE_MS;", ""]],
  },
  {
    name: "pulse-before-acks",
    breaks: "protocol: a pulse shows likes whose Acks follow it",
    edits: [
      [
        "      this.#actions.send(streamId, " +
          "this.#streams.get(streamId)?.takeAck(commit.meta.version));",
        "",
      ],
      [
        "      this.#actions.send(stream.id, stream.takePulse(pulse, nowMs));",
        "      this.#actions.send(stream.id, stream.takePulse(pulse, nowMs));\n" +
          "      this.#actions.send(stream.id, stream.takeAck(pulse.version));",
      ],
    ],
  },
  {
    name: "ack-not-caught-up",
    breaks: "law 6: a stream that did not drain never gets its Ack",
    edits: [["    this.#actions.send(streamId, stream.takeAck(this.#ledger.meta.version));\n", ""]],
  },
  {
    name: "retire-leaves-half-open",
    breaks: "law 7: messages in flight on a half-open stream undo a retirement",
    edits: [["        this.#end(stream.id, RETIRED);", ""]],
  },
]);

const STREAM = mutantsOf(
  { file: "src/core/primary/delivery_stream.ts", tests: [STREAM_TEST, ...PRIMARY_TESTS] },
  [
    {
      name: "message-before-welcome",
      breaks: "protocol: a batch is accepted before the Welcome was sent",
      edits: [
        [
          "    if (delivery === undefined) return invalidMessage(",
          "    const { type } = this.#phase;\n" +
            '    if (type === "handshake" && message.type === "batch") return undefined;\n' +
            "    if (delivery === undefined) return invalidMessage(",
        ],
      ],
    },
    {
      name: "second-hello-taken",
      breaks: "protocol: a second Hello on a stream is accepted",
      edits: [
        ['      if (this.#phase.type === "opened") return undefined;', "      return undefined;"],
        [
          '    assert(this.#phase.type === "opened", "the Hello is the first message of a stream");',
          "",
        ],
      ],
    },
    {
      name: "other-incarnation-on-stream",
      breaks: "protocol: a stream delivers several incarnations",
      edits: [
        [
          "    if (message.incarnation !== delivery.hello.incarnation) {",
          '    if (message.incarnation === "") {',
        ],
      ],
    },
    {
      name: "acks-pile-up",
      breaks: "law 6: Acks are sent to a stream that does not drain",
      edits: [
        [
          '    if (!this.#due.ack || this.#outgoing === "blocked") return undefined;',
          "    if (!this.#due.ack) return undefined;",
        ],
      ],
    },
    {
      name: "decision-not-acknowledged",
      breaks: "law 7: the LikesServer does not learn of a decision about a parked incarnation",
      edits: [
        [
          "      membership !== before.membership ||\n      resolved.length > 0;",
          "      membership !== before.membership;",
        ],
      ],
    },
  ],
);

const STREAMS = mutantsOf({ file: "src/core/primary/delivery_streams.ts", tests: PRIMARY_TESTS }, [
  {
    name: "newer-hello-keeps-stream",
    breaks: "protocol: a newer Hello does not end the older stream of its incarnation",
    edits: [
      ["    return this.#byIncarnation.get(incarnation);", "    return undefined;"],
      [
        '    assert(!this.#byIncarnation.has(incarnation), "one stream delivers an incarnation");',
        "",
      ],
    ],
  },
]);

const UNANSWERED = mutantsOf(
  {
    file: "src/core/primary/unanswered_pulses.ts",
    tests: ["test/core/primary/unanswered_pulses_test.ts", ...PRIMARY_TESTS],
  },
  [
    {
      name: "unasked-report-taken",
      breaks: "law 4: a report that answers a pulse of another stream is accepted",
      edits: [
        ["    return this.#pulses.some((pulse) => pulse.pulseMs === pulseMs);", "    return true;"],
        ['    assert(answered !== undefined, "a report answers an unanswered pulse");', ""],
        ["    return answered.sentMs;", "    return answered?.sentMs ?? Infinity;"],
      ],
    },
  ],
);

const PULSES = mutantsOf({ file: "src/core/primary/pulse_schedule.ts", tests: PRIMARY_TESTS }, [
  {
    name: "pulse-stale-convergence",
    breaks: "law 5: a pulse is not sent when the convergence changes",
    edits: [
      [
        "const hasChanged = state !== this.#lastPulse.convergence && ",
        "const hasChanged = state === undefined && ",
      ],
    ],
  },
]);

const HELLOS = mutantsOf({ file: "src/core/primary/stream_refusals.ts", tests: PRIMARY_TESTS }, [
  {
    name: "other-ledger-taken",
    breaks: "pitfall 49: the outbox of another ledger is accepted",
    edits: [
      [
        "  if (seen === undefined || seen.ledgerId === own) return undefined;",
        '  if (seen === undefined || seen.ledgerId !== "") return undefined;',
      ],
    ],
  },
  {
    name: "protocol-version-ignored",
    breaks: "matrix 28: another protocol version is accepted",
    edits: [["  if (protocolVersion !== PROTOCOL_VERSION) {", "  if (protocolVersion < 0) {"]],
  },
]);

const REFUSED = mutantsOf({ file: "src/core/primary/refused_peers.ts", tests: PRIMARY_TESTS }, [
  {
    name: "misdirected-unnamed",
    breaks: "law 7: who belongs to another ledger is refused, and nobody who looks is told",
    edits: [["    const server = this.#foreign.add(sender, nowMs);", "    let server;"]],
  },
]);

const AS_OF = mutantsOf({ file: "src/core/primary/as_of.ts", tests: PRIMARY_TESTS }, [
  {
    name: "as-of-stuck-without-members",
    breaks: "law 4: as_of stands still while there are no members",
    edits: [
      [
        "  if (!hasMembers && sinceMs < PULSE_INTERVAL_MS) return commands;",
        "  if (!hasMembers) return commands;",
      ],
    ],
  },
  {
    name: "as-of-past-who-comes-back",
    breaks: "law 4: as_of claims likes of a retired member that comes back in the same commit",
    edits: [["  if (commands.some((command) => mayAdmit(command, view))) return commands;", ""]],
  },
]);

const KNOWN = mutantsOf({ file: "src/core/primary/known_ledger.ts", tests: PRIMARY_TESTS }, [
  {
    name: "left-member-remembered",
    breaks: "membership: the status waits for a member that left",
    edits: [["      else this.#members.delete(member.outboxId);", ""]],
  },
  {
    name: "decided-trouble-shown",
    breaks: "law 7: a decided trouble is shown until the next start",
    edits: [
      [
        ".filter(({ number }) => !ended.has(number));",
        ".filter(({ number }) => !ended.has(-number));",
      ],
    ],
  },
]);

const OPERATORS = mutantsOf(
  { file: "src/core/primary/operator_requests.ts", tests: PRIMARY_TESTS },
  [
    {
      name: "retire-while-it-streams",
      breaks: "law 7: a member is retired while it answers",
      edits: [
        [
          "  if (latest !== undefined && !isSilent(latest, nowMs)) {",
          "  if (latest === undefined && found.length < 1) {",
        ],
      ],
    },
  ],
);

const QUEUE = mutantsOf(
  {
    file: "src/core/primary/commit_queue.ts",
    tests: ["test/core/primary/commit_queue_test.ts", ...PRIMARY_TESTS],
  },
  [
    {
      name: "commit-without-bound",
      breaks: "law 6: a commit takes the whole queue",
      edits: [
        [
          "    const taken = this.#commands.splice(0, end === -1 ? this.#commands.length : end);",
          "    const taken = this.#commands.splice(0, end === -2 ? end : this.#commands.length);",
        ],
      ],
    },
  ],
);

const COPY = mutantsOf(
  {
    file: "src/core/primary/restored_ledger.ts",
    tests: [
      "test/core/primary/primary_troubles_test.ts",
      "test/core/primary/primary_decisions_test.ts",
    ],
  },
  [
    {
      name: "copy-unrecorded",
      breaks: "law 7: a ledger opened from a copy serves without a trouble",
      edits: [
        [
          '    return this.#isUnrecordedCopy ? [{ type: "record_copy" }, ...forget] : forget;',
          "    return forget;",
        ],
      ],
    },
    {
      name: "restored-person-not-forgotten",
      breaks: "law 3: a ledger from a backup has persons again who were forgotten since",
      edits: [
        ['? [{ type: "record_copy" }, ...forget] : forget;', '? [{ type: "record_copy" }] : [];'],
      ],
    },
  ],
);

const COUNTS = mutantsOf(
  { file: "src/core/primary/counts_reader.ts", tests: ["test/core/primary/counts_reader_test.ts"] },
  [
    {
      name: "counts-claim-the-better",
      breaks: "law 4: counts claim convergence although it did not hold for the whole read",
      edits: [
        [
          "  return CONVERGENCES.indexOf(a) < CONVERGENCES.indexOf(b) ? a : b;",
          "  return CONVERGENCES.indexOf(a) > CONVERGENCES.indexOf(b) ? a : b;",
        ],
      ],
    },
  ],
);

const OPENING = mutantsOf(
  { file: "src/roles/primary_opening.ts", tests: ["test/roles/primary_test.ts"] },
  [
    {
      name: "opening-goes-on-in-doubt",
      breaks: "law 3: after a commit in doubt, a primary continues with its old state",
      edits: [
        [
          '        if (outcome.type === "in_doubt" || outcome.type === "superseded") {',
          '        if (outcome.type === "in_doubt") return;\n' +
            '        if (outcome.type === "superseded") {',
        ],
      ],
    },
  ],
);

/** All bugs of this file. */
export const PRIMARY_MUTANTS: readonly Mutant[] = [
  ...STATUS,
  ...CONTACTS,
  ...LABELS,
  ...PRIMARY,
  ...STREAM,
  ...STREAMS,
  ...UNANSWERED,
  ...PULSES,
  ...HELLOS,
  ...REFUSED,
  ...AS_OF,
  ...KNOWN,
  ...OPERATORS,
  ...QUEUE,
  ...COPY,
  ...COUNTS,
  ...OPENING,
];
