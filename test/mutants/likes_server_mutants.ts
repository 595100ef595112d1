/** Bugs in the LikesServer: what is synced before what, delivery, membership, retention. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const CORE_TESTS = [
  "test/core/likes_server/likes_server_test.ts",
  "test/core/likes_server/likes_server_delivery_test.ts",
  "test/core/likes_server/likes_server_hello_test.ts",
  "test/core/likes_server/likes_server_leave_test.ts",
  "test/core/likes_server/likes_server_bounds_test.ts",
  "test/core/likes_server/likes_server_retention_test.ts",
  "test/core/likes_server/likes_server_resolved_test.ts",
  "test/core/likes_server/likes_server_counts_test.ts",
  "test/core/crash_loop_test.ts",
];

const LIKES_SERVER = mutantsOf(
  { file: "src/core/likes_server/likes_server.ts", tests: CORE_TESTS },
  [
    {
      name: "acknowledge-before-sync",
      breaks: "pitfall 11: likes are answered when their write begins",
      edits: [
        [
          '    if (writing !== undefined) this.#actions.push({ type: "write", writes: writing.writes });',
          "    if (writing === undefined) return;\n" +
            "    for (const write of writing.writes) {\n" +
            '      if (write.type === "append") this.#accept(write, writing.requests);\n' +
            "    }\n" +
            '    this.#actions.push({ type: "write", writes: writing.writes });',
        ],
        ["        return this.#accept(write, requests);", "        return;"],
      ],
    },
    {
      name: "send-before-sync",
      breaks: "law 1: a batch leaves when its write begins",
      edits: [
        [
          "  #writeFailure: WriteFailure | undefined;",
          "  #writeFailure: WriteFailure | undefined;\n  #streamId = 0;",
        ],
        [
          "    return this.#actions.takeAll();",
          "    const actions = this.#actions.takeAll();\n" +
            "    for (const action of actions) {\n" +
            '      if (action.type === "connect") this.#streamId = action.streamId;\n' +
            "    }\n" +
            "    return actions;",
        ],
        [
          '    if (writing !== undefined) this.#actions.push({ type: "write", writes: writing.writes });',
          "    if (writing === undefined) return;\n" +
            "    for (const write of writing.writes) {\n" +
            '      if (write.type !== "append" || this.#deliverer.streamSeen === undefined) continue;\n' +
            "      const { incarnation, record, last } = write;\n" +
            "      const { firstSequence, lastSequence } = record;\n" +
            "      const batch = { incarnation, firstSequence, lastSequence, records: [record] };\n" +
            '      const message = { type: "batch", ...batch, digest: last.digest } as const;\n' +
            '      this.#actions.push({ type: "send", streamId: this.#streamId, message });\n' +
            "    }\n" +
            '    this.#actions.push({ type: "write", writes: writing.writes });',
        ],
      ],
    },
    {
      name: "refused-write-done",
      breaks: "matrix 16: likes that a full disk refused are answered as accepted",
      edits: [
        [
          '    if (outcome !== "done") return this.#refuseWrite(outcome, writing, nowMs);',
          '    if (outcome === "store_busy") return this.#refuseWrite(outcome, writing, nowMs);',
        ],
      ],
    },
    {
      name: "refused-write-unanswered",
      breaks: "matrix 16: whoever gave likes that a full disk refused is told nothing",
      edits: [
        [
          '    for (const request of refused) this.#answer(request, { type: "refused", refusal });',
          '    for (const request of refused.slice(1)) this.#answer(request, { type: "refused", refusal });',
        ],
      ],
    },
  ],
);

const DELIVERER = mutantsOf({ file: "src/core/likes_server/deliverer.ts", tests: CORE_TESTS }, [
  {
    name: "report-before-sync",
    breaks: "law 1: a report names events whose write is under way",
    edits: [
      [
        "      lastSequence: incarnation.stored.last.sequence,\n",
        "      lastSequence:\n" +
          "        incarnation.stored.last.sequence + Number(this.#parts.writer.isAppending),\n",
      ],
    ],
  },
  {
    name: "final-while-appending",
    breaks: "membership: it says that nothing follows while likes wait for their sync",
    edits: [
      [
        '    return membership.state === "leaving" && !writer.isAppending;',
        '    return membership.state === "leaving";',
      ],
    ],
  },
  {
    name: "final-before-leaving-is-synced",
    breaks: "membership: it says that nothing follows before that is on the disk",
    edits: [
      [
        '    return membership.state === "leaving" && !writer.isAppending;',
        '    const isAsked = membership.isStopping && writer.has("membership");\n' +
          '    return (isAsked || membership.state === "leaving") && !writer.isAppending;',
      ],
    ],
  },
  {
    name: "gap-not-parked",
    breaks: "pitfall 9: events that were removed and are not applied are skipped",
    edits: [
      [
        "    session.beginComparing(welcome, nowMs);\n    const { incarnation } = session;\n",
        "    const { incarnation } = session;\n" +
          "    const { trimmed } = incarnation.stored;\n" +
          "    const isBehind = this.#parts.redelivery.isLedgerBehind(incarnation, welcome);\n" +
          "    if (!isBehind && trimmed.sequence > welcome.appliedSequence) {\n" +
          "      const { sequence: appliedSequence, digest } = trimmed;\n" +
          "      welcome = { ...welcome, appliedSequence, digest };\n" +
          "    }\n" +
          "    session.beginComparing(welcome, nowMs);\n",
      ],
    ],
  },
  {
    name: "parked-without-mint",
    breaks: "pitfall 23: likes go on into an incarnation that is parked",
    edits: [['    writer.change({ type: "mint", incarnation: options.mintId() });', ""]],
  },
  {
    name: "late-ack-of-old-stream",
    breaks: "pitfall 5: what an older stream says counts on the current one",
    edits: [
      [
        "    if (session?.streamId !== event.streamId) return;",
        "    if (session === undefined || event.streamId === 0) return;",
      ],
    ],
  },
  {
    name: "ack-of-other-incarnation",
    breaks: "pitfall 5: an Ack of another incarnation counts",
    edits: [
      [
        '    if (phase.name !== "sending" || ack.incarnation !== incarnation.id) return;',
        '    if (phase.name !== "sending") return;',
      ],
    ],
  },
  {
    name: "own-likes-shown-twice",
    breaks: "law 5: likes that are in the total are told as pending too",
    edits: [
      [
        "    shown.show(pulse, outbox.countedLikes, nowMs);",
        "    shown.show(pulse, 0n * outbox.countedLikes, nowMs);",
      ],
    ],
  },
  {
    name: "other-pending-not-told",
    breaks: "law 4: what other incarnations have pending is not reported",
    edits: [
      [
        "      otherPendingEvents: outbox.pendingExcept(incarnation) + unnamed,",
        "      otherPendingEvents: unnamed,",
      ],
    ],
  },
  {
    name: "shown-version-from-acks",
    breaks: "law 5: a total is reported as shown that was only heard of",
    edits: [
      [
        "      shownVersion: shown.pulse?.version ?? 0,",
        "      shownVersion: this.streamSeen?.version ?? 0,",
      ],
    ],
  },
  {
    name: "heard-ledger-not-said",
    breaks:
      "law 7: Hello says an older view of the ledger than was heard, and a restored one goes unnoticed",
    edits: [
      [
        "    return belongs ? (this.#lastSeen ?? outbox.seen) : undefined;",
        "    return belongs ? outbox.seen : undefined;",
      ],
    ],
  },
  {
    name: "decision-not-obeyed",
    breaks: "law 7: what follows a gap is not delivered although it was decided",
    edits: [
      [
        '      const type = found.stored.parked.kind === "gap" ? "unpark" : "close";',
        '      const type = "close";',
      ],
    ],
  },
  {
    name: "trouble-of-ledger-not-told",
    breaks: "law 7: that the ledger forgot is not reported",
    edits: [
      [
        "    const ofLedger = redelivery.trouble === undefined ? [] : [redelivery.trouble];",
        "    const ofLedger: readonly ReportedTrouble[] = [];",
      ],
    ],
  },
]);

const SESSION = mutantsOf(
  {
    file: "src/core/likes_server/delivery_session.ts",
    tests: ["test/core/likes_server/delivery_session_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "older-pulse-taken",
      breaks: "law 5: an older pulse replaces what a newer one told",
      edits: [["    if (pulse.pulseMs <= this.#pulseMs) return false;", ""]],
    },
    {
      name: "dead-primary-unnoticed",
      breaks: "pitfall 31: a half open connection is waited on for ever",
      edits: [
        [
          "    return nowMs - this.#aliveMs > PULSE_WAIT_MAX_MS;",
          "    return nowMs - this.#aliveMs > Infinity;",
        ],
      ],
    },
    {
      name: "window-ignored",
      breaks: "law 6: there may be more in flight than the window holds",
      edits: [
        [
          "    if (inFlight.length >= WINDOW_BATCHES_MAX) return 0;",
          "    if (inFlight.length >= WINDOW_BATCHES_MAX) return BATCH_BYTES_MAX;",
        ],
      ],
    },
    {
      name: "ack-beyond-sent",
      breaks: "protocol: an Ack of what was not sent is taken",
      edits: [
        [
          "    if (batch === undefined) return incarnation.acknowledged.sequence === sequence;",
          "    if (batch === undefined) return incarnation.acknowledged.sequence <= sequence;",
        ],
      ],
    },
    {
      name: "ack-lands-in-between",
      breaks: "protocol: a batch counts as applied of which only a part is",
      edits: [
        [
          "    const index = inFlight.findIndex(({ end }) => end.sequence === sequence);",
          "    const index = inFlight.findIndex(({ end }) => end.sequence >= sequence);",
        ],
      ],
    },
  ],
);

const MEMBERSHIP = mutantsOf(
  {
    file: "src/core/likes_server/membership.ts",
    tests: ["test/core/likes_server/membership_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "accept-before-admission",
      breaks: "membership: a stranger accepts likes, for which nobody waits",
      edits: [
        [
          '    return this.#state === "member" && this.#phase === "running";',
          '    return this.#state !== "leaving" && this.#phase === "running";',
        ],
      ],
    },
    {
      name: "accept-while-leaving",
      breaks: "membership: likes are accepted after it asked to leave",
      edits: [
        [
          '    return this.#state === "member" && this.#phase === "running";',
          '    return this.#state !== "unregistered";',
        ],
      ],
    },
    {
      name: "membership-remembered-after-leaving",
      breaks: "membership: one that left accepts at its next start, and nobody waits for it",
      edits: [
        [
          '    return { type: "membership", membership: "unregistered", seen };',
          '    return { type: "membership", membership: "member", seen };',
        ],
      ],
    },
    {
      name: "stops-with-undelivered",
      breaks: "membership: it ends before what it accepted is delivered",
      edits: [
        [
          '    const isDone = this.#state !== "leaving" && !hasDeliverable;',
          '    const isDone = this.#state !== "leaving";',
        ],
      ],
    },
    {
      name: "leaving-read-as-member",
      breaks: "membership: after a crash while leaving it accepts, and may have left",
      edits: [
        [
          '    this.#state = membership === "member" ? "member" : "unregistered";',
          '    this.#state = membership === "unregistered" ? "unregistered" : "member";',
        ],
      ],
    },
  ],
);

const MISMATCH = mutantsOf(
  {
    file: "src/core/likes_server/mismatch.ts",
    tests: ["test/core/likes_server/mismatch_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "digest-not-compared-at-welcome",
      breaks: "law 7: another history up to the applied sequence is taken for the current one",
      edits: [
        [
          "  if (position?.digest === digest) return undefined;",
          "  if (position !== undefined) return undefined;",
        ],
      ],
    },
    {
      name: "rolled-back-unnoticed",
      breaks: "pitfall 23: an applied sequence beyond the last event is not named as what it is",
      edits: [
        [
          "  if (appliedSequence <= last.sequence) return gapAfter(incarnation, appliedSequence);",
          "  if (appliedSequence <= Infinity) return gapAfter(incarnation, appliedSequence);",
        ],
      ],
    },
  ],
);

const ATTEMPTS = mutantsOf(
  {
    file: "src/core/likes_server/connect_attempts.ts",
    tests: ["test/core/likes_server/connect_attempts_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "back-off-ignored",
      breaks: "pitfall 36: after a break it connects again at once",
      edits: [["    return nowMs >= this.#nextMs;", "    return nowMs >= 0 * this.#nextMs;"]],
    },
  ],
);

const REDELIVERY = mutantsOf(
  {
    file: "src/core/likes_server/redelivery.ts",
    tests: ["test/core/likes_server/redelivery_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "redeliver-ignored",
      breaks: "law 7: a ledger that forgot is not given anything again",
      edits: [
        [
          "    return welcome.redeliver || welcome.appliedSequence < this.claimedSequence(incarnation);",
          "    return welcome.redeliver && welcome.appliedSequence > this.claimedSequence(incarnation);",
        ],
      ],
    },
    {
      name: "refilling-begins-for-ever",
      breaks: "law 7: what was removed makes each stream of a redelivery begin it again",
      edits: [
        [
          "isRedelivering && acknowledged.sequence <= stored.trimmed.sequence;",
          "isRedelivering && acknowledged.sequence < stored.trimmed.sequence;",
        ],
      ],
    },
    {
      name: "refilling-ends-too-early",
      breaks: "law 7: the redelivery ends before everything is acknowledged again",
      edits: [
        [
          "    if (!isRecorded || streamed.acknowledged.sequence < wanted) return false;",
          "    if (!isRecorded || streamed.acknowledged.sequence < 0 * wanted) return false;",
        ],
      ],
    },
  ],
);

const ACKNOWLEDGED = mutantsOf({ file: "src/core/likes_server/retention.ts", tests: CORE_TESTS }, [
  {
    name: "acknowledge-beyond-acknowledged",
    breaks: "protocol: what was not acknowledged is written down as if it was, and may be removed",
    edits: [
      [
        "incarnation: id, upTo: sequence, seen });",
        "incarnation: id, upTo: stored.last.sequence, seen });",
      ],
    ],
  },
]);

const OUTBOX = mutantsOf(
  {
    file: "src/core/likes_server/outbox_view.ts",
    tests: ["test/core/likes_server/outbox_view_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "youngest-incarnation-first",
      breaks:
        "protocol: the current incarnation is delivered before those that an earlier process left",
      edits: [
        [
          "    const next = this.#incarnations.find(({ stored }) => {",
          "    const next = this.#incarnations.findLast(({ stored }) => {",
        ],
      ],
    },
    {
      name: "parked-is-next",
      breaks: "law 7: a parked incarnation is delivered again and again, and blocks the others",
      edits: [
        [
          "      return !stored.closed && stored.parked === undefined;",
          "      return !stored.closed;",
        ],
      ],
    },
    {
      name: "pending-of-one-only",
      breaks: "law 4: only one of the other incarnations is counted as pending",
      edits: [
        [
          "      if (incarnation !== except) events += pendingOf(incarnation);",
          "      if (incarnation !== except) events = pendingOf(incarnation);",
        ],
      ],
    },
    {
      name: "reopen-keeps-what-was-heard",
      breaks: "law 7: what a ledger acknowledged before it forgot still counts as acknowledged",
      edits: [["          one.acknowledged = one.stored.acknowledged;\n", ""]],
    },
  ],
);

const WRITER = mutantsOf(
  {
    file: "src/core/likes_server/outbox_writer.ts",
    tests: ["test/core/likes_server/outbox_writer_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "refused-change-forgotten",
      breaks: "matrix 16: a change of state that a full disk refused is not tried again",
      edits: [
        [
          "    this.#changes = [...(this.#retried ?? writes), ...this.#changes];",
          "    this.#changes = [...(this.#retried ?? writes.slice(1)), ...this.#changes];",
        ],
      ],
    },
    {
      name: "trim-not-taken-back",
      breaks: "law 7: a removal that waits is done although the ledger forgot",
      edits: [
        [
          '      return type !== "acknowledge" && type !== "trim" && type !== "evict";',
          '      return type !== "acknowledge" && type !== "evict";',
        ],
      ],
    },
  ],
);

const ACCEPTING = mutantsOf(
  {
    file: "src/core/likes_server/group_commit.ts",
    tests: ["test/core/likes_server/group_commit_test.ts", ...CORE_TESTS],
  },
  [
    {
      name: "outbox-without-bound",
      breaks: "law 6: the outbox grows beyond its bound",
      edits: [
        [
          "    if (this.#underWayBytes + this.#diskBytes + more > room) {",
          "    if (this.#underWayBytes + this.#diskBytes + more > Infinity) {",
        ],
      ],
    },
    {
      name: "digest-not-chained",
      breaks: "law 7: a digest names its record, and not the history before it",
      edits: [
        [
          "    const digest = this.#format.codec.digest(last.digest, firstSequence, bytes);",
          "    const digest = this.#format.codec.digest(incarnation, firstSequence, bytes);",
        ],
      ],
    },
  ],
);

const RETENTION = mutantsOf(
  {
    file: "src/core/likes_server/retained_ages.ts",
    tests: [
      "test/core/likes_server/retained_ages_test.ts",
      "test/core/likes_server/likes_server_retention_test.ts",
    ],
  },
  [
    {
      name: "retained-not-at-all",
      breaks: "law 7: what is acknowledged is let go of at once",
      edits: [
        [
          "    while (this.#marks[0] !== undefined && nowMs - this.#marks[0].atMs >= this.#ageMs) {",
          "    while (this.#marks[0] !== undefined && nowMs >= this.#marks[0].atMs) {",
        ],
      ],
    },
    {
      name: "retained-for-ever",
      breaks: "law 6: what is acknowledged is never let go of for its age",
      edits: [
        [
          " of this.#marks[0].upTo) aged.push({ incarnation, upTo });",
          " of this.#marks[0].upTo) void [incarnation, upTo];",
        ],
      ],
    },
  ],
);

const OTHERS = [
  ...mutantsOf(
    { file: "src/core/protocol/backoff.ts", tests: ["test/core/protocol/backoff_test.ts"] },
    [
      {
        name: "back-off-without-cap",
        breaks: "pitfall 35: after a long outage it does not try for minutes",
        edits: [
          [
            "Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** exponent)",
            "Math.max(BACKOFF_FIRST_MS, BACKOFF_FIRST_MS * 2 ** exponent)",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/core/likes_server/count_cache.ts",
      tests: [
        "test/core/likes_server/count_cache_race_test.ts",
        "test/core/likes_server/count_cache_test.ts",
      ],
    },
    [
      {
        name: "own-likes-dropped-while-learning",
        breaks: "law 5: likes are missing from a count that was read before they were applied",
        edits: [
          [
            "    if (this.#fetching === undefined) this.#unapplied.prune(incarnations);",
            "    this.#unapplied.prune(incarnations);",
          ],
        ],
      },
    ],
  ),
];

/** All of them. */
export const LIKES_SERVER_MUTANTS: readonly Mutant[] = [
  ...LIKES_SERVER,
  ...DELIVERER,
  ...SESSION,
  ...MEMBERSHIP,
  ...MISMATCH,
  ...ATTEMPTS,
  ...REDELIVERY,
  ...ACKNOWLEDGED,
  ...OUTBOX,
  ...WRITER,
  ...ACCEPTING,
  ...RETENTION,
  ...OTHERS,
];
