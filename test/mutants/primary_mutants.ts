/** Bugs in the primary: convergence, `as_of`, labels, Acks and pulses, bounds. */
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
const PRIMARY_TESTS = [
  "test/core/primary/primary_test.ts",
  "test/core/primary/primary_pulses_test.ts",
  "test/core/primary/primary_bounds_test.ts",
  "test/core/primary/primary_decisions_test.ts",
];

const STATUS = mutantsOf({ file: "src/core/primary/status.ts", tests: STATUS_TESTS }, [
  {
    name: "converged-from-totals",
    breaks: "pitfall 44: converged when the likes of a member are equal, by accident",
    edits: [
      [
        "    catchingUp ||= pendingOf(progress) > 0;",
        "    const { acceptedLikes } = progress.report;\n" +
          "    catchingUp ||= acceptedLikes !== view.members.get(outboxId)?.appliedLikes;",
      ],
    ],
  },
  {
    name: "converged-while-silent",
    breaks: "law 4: converged while a member has not answered lately",
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
        '  if (isInTrouble(view) || isPerhapsExchanged(view)) return "unknown";',
        '  if (view.troubles.length > 1_000 || isPerhapsExchanged(view)) return "unknown";',
      ],
    ],
  },
  {
    name: "converged-although-exchanged",
    breaks:
      "law 4: a ledger without members is converged, and those who come belong to another one",
    edits: [
      [
        '  if (isInTrouble(view) || isPerhapsExchanged(view)) return "unknown";',
        '  if (view.troubles.length > 0) return "unknown";',
      ],
    ],
  },
  {
    name: "converged-without-other-incarnations",
    breaks: "law 4: what other incarnations have pending is left out",
    edits: [
      ["  return countable(named + progress.otherPendingEvents);", "  return countable(named);"],
    ],
  },
  {
    name: "as-of-shown-before-committed",
    breaks: "law 4: as_of is shown as the marks have it, before it is on the disk",
    edits: [["    asOfMs: view.meta.asOfMs,", "    asOfMs: leastMark(view, view.meta.asOfMs),"]],
  },
  {
    name: "everywhere-from-convergence",
    breaks: "law 5: everywhere is said when it is converged, shown or not",
    edits: [
      [
        '    everywhere: state === "converged" && isShownEverywhere(view),',
        '    everywhere: state === "converged",',
      ],
    ],
  },
  {
    name: "as-of-of-the-fastest",
    breaks: "law 4: as_of is the greatest mark of the members",
    edits: [
      ["  let least = Number.MAX_SAFE_INTEGER;", "  let least = 0;"],
      [
        "    least = Math.min(least, view.tracker.get(outboxId)?.freshUpToMs ?? 0);",
        "    least = Math.max(least, view.tracker.get(outboxId)?.freshUpToMs ?? 0);",
      ],
    ],
  },
  {
    name: "as-of-without-the-silent",
    breaks: "law 4: a member that has not answered this start does not hold as_of",
    edits: [
      [
        "    least = Math.min(least, view.tracker.get(outboxId)?.freshUpToMs ?? 0);",
        "    least = Math.min(least, view.tracker.get(outboxId)?.freshUpToMs ?? least);",
      ],
    ],
  },
  {
    name: "copy-confirmed-by-nobody",
    breaks: "law 7: a copy without members is taken as complete by itself",
    edits: [["  return view.members.size > 0;", "  return view.members.size >= 0;"]],
  },
  {
    name: "copy-confirmed-while-pending",
    breaks: "law 7: a copy is taken as complete while a member names events that it lacks",
    edits: [["    if (pendingOf(progress) > 0) return false;", ""]],
  },
]);

const CONTACTS = mutantsOf({ file: "src/core/primary/progress_tracker.ts", tests: CONTACT_TESTS }, [
  {
    name: "converged-ignores-received",
    breaks: "law 4: a received batch names nothing until it is reported",
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
    breaks: "law 4: a mark is earned while the report names events that are not applied",
    edits: [["    if (row.appliedSequence >= sequence) {", "    if (row.appliedSequence >= 0) {"]],
  },
  {
    name: "mark-with-others-pending",
    breaks: "law 4: a mark is earned while other incarnations have something pending",
    edits: [
      [
        "    if (report.otherPendingEvents === 0) this.#advanceFreshness(report, row);",
        "    this.#advanceFreshness(report, row);",
      ],
    ],
  },
  {
    name: "awaited-too-early",
    breaks: "law 4: a label counts before what was awaited for it is applied",
    edits: [
      [
        "    const settled = pendingFreshness !== undefined && appliedSequence >= pendingFreshness.sequence;",
        "    const settled = pendingFreshness !== undefined && appliedSequence >= pendingFreshness.sequence - 1;",
      ],
    ],
  },
  {
    name: "older-stream-speaks",
    breaks: "pitfall 5: what an older stream of an outbox sent changes what the newer one said",
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
      breaks: "pitfall 42: labels begin at the wall clock, which may have been set back",
      edits: [
        ["    this.#lastMs = committedMs;", "    this.#lastMs = 0;"],
        ["    this.startMs = Math.max(wallMs, committedMs + 1);", "    this.startMs = wallMs;"],
      ],
    },
    {
      name: "labels-repeat",
      breaks: "law 4: two pulses within a millisecond have one label",
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
          "    stream.appliedSequence = Math.max(stream.appliedSequence, batch.lastSequence);\n" +
          "    this.#sendAck(stream);",
      ],
    ],
  },
  {
    name: "welcome-on-receipt",
    breaks: "protocol: Welcome says where the ledger stood when the Hello was received",
    edits: [
      [
        "    stream.hello = hello;\n",
        "    stream.hello = hello;\n    stream.heard = this.#rows.get(hello.incarnation);\n",
      ],
      [
        "    const { appliedSequence, digest, redeliver } = found;",
        "    const { redeliver } = found;\n" +
          "    const { appliedSequence, digest } = stream.heard ?? found;\n" +
          "    this.#rows.set(hello.incarnation, found);",
      ],
      [
        "    this.#tracker.onApplied(row);\n",
        "    this.#tracker.onApplied(row);\n    this.#rows.set(row.incarnation, row);\n",
      ],
      [
        "  readonly #queue = new CommitQueue();",
        "  readonly #queue = new CommitQueue();\n" +
          '  readonly #rows = new Map<Id, Pick<IncarnationRow, "appliedSequence" | "digest">>();',
      ],
    ],
  },
  {
    name: "newer-hello-keeps-queue",
    breaks: "protocol: what a replaced stream sent is not discarded",
    edits: [["    this.#queue.drop(stream.id);", ""]],
  },
  {
    name: "newer-hello-keeps-stream",
    breaks: "protocol: a newer Hello leaves the older stream of its incarnation",
    edits: [["    if (older !== undefined) {", "    if (older !== undefined && older.id < 0) {"]],
  },
  {
    name: "other-ledger-taken",
    breaks: "pitfall 49: the outbox of another ledger is taken",
    edits: [["    if (ledgerId !== this.#ledgerId) {", '    if (ledgerId === "") {']],
  },
  {
    name: "protocol-version-ignored",
    breaks: "matrix 28: another protocol version is taken",
    edits: [
      [
        "    if (hello.protocolVersion !== PROTOCOL_VERSION) {",
        "    if (hello.protocolVersion < 0) {",
      ],
    ],
  },
  {
    name: "misdirected-unnamed",
    breaks: "law 7: who belongs to another ledger is refused, and nobody who looks is told",
    edits: [
      [
        "this.#foreignServers.came({ ...from, ledgerId }, nowMs);",
        "undefined as ForeignServer | undefined;",
      ],
    ],
  },
  {
    name: "message-before-welcome",
    breaks: "protocol: a batch is taken before the Welcome was sent",
    edits: [
      ["    if (hello === undefined || !stream.welcomed) {", "    if (hello === undefined) {"],
    ],
  },
  {
    name: "second-hello-taken",
    breaks: "protocol: a second Hello on a stream is taken",
    edits: [
      ["    if (stream.hello !== undefined) {", '    if (stream.hello?.incarnation === "") {'],
    ],
  },
  {
    name: "other-incarnation-on-stream",
    breaks: "protocol: a stream delivers several incarnations",
    edits: [
      [
        "    if (message.incarnation !== hello.incarnation) {",
        '    if (message.incarnation === "") {',
      ],
    ],
  },
  {
    name: "as-of-from-receipt",
    breaks: "law 4: a report counts for the time of its receipt, not for the label that it answers",
    edits: [
      [
        "    const command = { outboxId, serverId, address, report, highestReported };",
        "    const later = { ...report, pulseMs: this.#clock.peek(nowMs) };\n" +
          "    const command = { outboxId, serverId, address, report: later, named };",
      ],
    ],
  },
  {
    name: "silence-from-receipt",
    breaks: "law 4: a member is silent since its answer came, not since the pulse was sent",
    edits: [
      [
        "    this.#tracker.onMessageReceived(outboxId, stream.id, report, pulse.sentMs);",
        "    this.#tracker.onMessageReceived(outboxId, stream.id, report, nowMs);",
      ],
    ],
  },
  {
    name: "unasked-report-taken",
    breaks: "law 4: a report answers a pulse that was not sent on its stream",
    edits: [
      [
        "    const pulse = stream.pulses[answered];",
        "    const pulse = stream.pulses[answered] ?? { sentMs: nowMs };",
      ],
    ],
  },
  {
    name: "pause-ignored",
    breaks: "pitfall 33: a sender is never held back, and the queue grows",
    edits: [['    this.#actions.push({ type: "pause", streamId: stream.id });', ""]],
  },
  {
    name: "resume-forgotten",
    breaks: "matrix 23: a sender that was held back is never let on",
    edits: [['    this.#actions.push({ type: "resume", streamId: stream.id });', ""]],
  },
  {
    name: "refused-commit-unanswered",
    breaks: "matrix 17: after a full disk the streams go on as if their commands were done",
    edits: [
      ["    for (const stream of this.#streams.values()) this.#refuse(stream, code, message);", ""],
    ],
  },
  {
    name: "refused-commit-at-once",
    breaks: "matrix 17: after a full disk the next commit is tried at once, and again",
    edits: [["    this.#commitAtMs = nowMs + REFUSED_COMMIT_PAUSE_MS;", ""]],
  },
  {
    name: "pulse-before-acks",
    breaks: "protocol: a pulse shows likes whose Acks follow it",
    edits: [
      [
        "    for (const stream of touched) if (this.#streams.has(stream.id)) this.#sendAck(stream);",
        "",
      ],
      [
        "      if (stream.welcomed) this.#sendPulse(stream, pulse, nowMs);",
        "      if (stream.welcomed) this.#sendPulse(stream, pulse, nowMs);\n" +
          "      if (stream.ackDue) this.#sendAck(stream);",
      ],
    ],
  },
  {
    name: "ack-not-caught-up",
    breaks: "law 6: a stream that did not drain never gets its Ack",
    edits: [["    if (stream.ackDue) this.#sendAck(stream);\n", ""]],
  },
  {
    name: "acks-pile-up",
    breaks: "law 6: Acks are sent to a stream that does not drain",
    edits: [["    if (blocked) return;\n    stream.ackDue = false;", "    stream.ackDue = false;"]],
  },
  {
    name: "pulse-stale-convergence",
    breaks: "law 5: a pulse is not sent when the convergence changes",
    edits: [
      [
        "this.#meta.totalVersion > this.#pulsed.version || state !== this.#pulsed.convergence;",
        "this.#meta.totalVersion > this.#pulsed.version;",
      ],
    ],
  },
  {
    name: "as-of-stuck-without-members",
    breaks: "law 4: as_of stands still while nobody is known",
    edits: [
      [
        "    if (noMembers && sinceMs < PULSE_INTERVAL_MS) return commands;",
        "    if (noMembers) return commands;",
      ],
    ],
  },
  {
    name: "as-of-past-who-comes-back",
    breaks: "law 4: as_of claims likes of a retired member that comes back in the same commit",
    edits: [["    if (comesBack || isHeld) return commands;", "    if (isHeld) return commands;"]],
  },
  {
    name: "left-member-remembered",
    breaks: "membership: one that left is waited for",
    edits: [["      else this.#members.delete(member.outboxId);", ""]],
  },
  {
    name: "retire-while-it-streams",
    breaks: "law 7: a member is retired while it answers",
    edits: [
      [
        "    if (progress !== undefined && !isSilent(progress, nowMs)) {",
        "    if (progress === undefined && found.length < 1) {",
      ],
    ],
  },
  {
    name: "retire-leaves-half-open",
    breaks: "law 7: what is under way on a half open stream undoes the retiring",
    edits: [["      if (stream.hello?.outboxId !== outboxId) continue;", "      continue;"]],
  },
  {
    name: "decision-not-acknowledged",
    breaks: "law 7: the LikesServer is not told that it is decided about what it parked",
    edits: [
      ["    stream.ackDue ||= isNews || resolved.length > 0;", "    stream.ackDue ||= isNews;"],
    ],
  },
  {
    name: "decided-trouble-shown",
    breaks: "law 7: a trouble that was decided is shown until the next start",
    edits: [
      [
        ".filter(({ number }) => number !== decision.trouble?.number);",
        ".filter(({ number }) => number !== -(decision.trouble?.number ?? 0));",
      ],
    ],
  },
]);

const QUEUE = mutantsOf(
  {
    file: "src/core/primary/commit_queue.ts",
    tests: ["test/core/primary/commit_queue_test.ts", ...PRIMARY_TESTS],
  },
  [
    {
      name: "commit-without-bound",
      breaks: "law 6: a commit takes everything that waits",
      edits: [
        [
          "    const taken = this.#commands.splice(0, end === -1 ? this.#commands.length : end);",
          "    const taken = this.#commands.splice(0, end === -2 ? end : this.#commands.length);",
        ],
      ],
    },
  ],
);

/** All of them. */
export const PRIMARY_MUTANTS: readonly Mutant[] = [
  ...STATUS,
  ...CONTACTS,
  ...LABELS,
  ...PRIMARY,
  ...QUEUE,
];
