/** Bugs in the LikesServer: order of syncs, delivery, membership, retention. */
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
      breaks: "pitfall 11: likes are acknowledged when their write begins",
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
      breaks: "law 1: a batch is sent when its write begins",
      edits: [
        [
          "  #writeFailure: WriteFailure | undefined;",
          "  #writeFailure: WriteFailure | undefined;\n  #streamId = 0;",
        ],
        [
          "    return this.#actions.take();",
          "    const actions = this.#actions.take();\n" +
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
            "      const batch = { incarnation, events: record.events, records: [record] };\n" +
            '      const message = { type: "batch", ...batch, digest: last.digest } as const;\n' +
            '      this.#actions.push({ type: "send", streamId: this.#streamId, message });\n' +
            "    }\n" +
            '    this.#actions.push({ type: "write", writes: writing.writes });',
        ],
      ],
    },
    {
      name: "refused-write-done",
      breaks: "matrix 16: likes that a full disk rejected are acknowledged",
      edits: [
        [
          '    if (outcome !== "done") return this.#onWriteFailed(outcome, writing, nowMs);',
          '    if (outcome === "store_busy") return this.#onWriteFailed(outcome, writing, nowMs);',
        ],
      ],
    },
    {
      name: "refused-write-unanswered",
      breaks: "matrix 16: a client gets no answer for likes that a full disk rejected",
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
    breaks: "law 1: a report names events whose write is in progress",
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
    breaks: "membership: an incarnation is reported final while likes wait for their sync",
    edits: [
      [
        '    return membership.state === "leaving" && !writer.isAppending;',
        '    return membership.state === "leaving";',
      ],
    ],
  },
  {
    name: "final-before-leaving-is-synced",
    breaks: "membership: an incarnation is reported final before that is synced",
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
    breaks: "pitfall 9: events that were removed before they were applied are skipped",
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
    breaks: "pitfall 23: new likes go into a parked incarnation",
    edits: [['    writer.change({ type: "mint", incarnation: options.mintId() });', ""]],
  },
  {
    name: "late-ack-of-old-stream",
    breaks: "pitfall 5: a message of an older stream affects the current one",
    edits: [
      [
        "    if (session?.streamId !== event.streamId) return;",
        "    if (session === undefined || event.streamId === 0) return;",
      ],
    ],
  },
  {
    name: "ack-of-other-incarnation",
    breaks: "pitfall 5: an Ack of another incarnation is accepted",
    edits: [
      [
        '    if (phase.type !== "sending" || ack.incarnation !== incarnation.id) return;',
        '    if (phase.type !== "sending") return;',
      ],
    ],
  },
  {
    name: "own-likes-shown-twice",
    breaks: "law 5: likes included in the total are shown as pending too",
    edits: [
      [
        "    shown.show(pulse, outbox.countedLikes, nowMs);",
        "    shown.show(pulse, 0n * outbox.countedLikes, nowMs);",
      ],
    ],
  },
  {
    name: "other-pending-not-told",
    breaks: "law 4: pending events of other incarnations are not reported",
    edits: [
      [
        "      otherPendingEvents: outbox.pendingExcept(incarnation) + unreported,",
        "      otherPendingEvents: unreported,",
      ],
    ],
  },
  {
    name: "shown-version-from-acks",
    breaks: "law 5: a total that was only received is reported as shown",
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
      "law 7: Hello has an older view of the ledger than the last seen; a restore goes unnoticed",
    edits: [
      [
        "    return belongs ? (this.#lastSeen ?? outbox.seen) : undefined;",
        "    return belongs ? outbox.seen : undefined;",
      ],
    ],
  },
  {
    name: "decision-not-obeyed",
    breaks: "law 7: events after a decided gap are not delivered",
    edits: [
      [
        '      const type = found.stored.parked.kind === "gap" ? "unpark" : "close";',
        '      const type = "close";',
      ],
    ],
  },
  {
    name: "trouble-of-ledger-not-told",
    breaks: "law 7: the ledger's amnesia is not reported",
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
      breaks: "law 5: an older pulse replaces a newer one",
      edits: [["    if (pulse.pulseMs <= this.#pulseMs) return false;", ""]],
    },
    {
      name: "dead-primary-unnoticed",
      breaks: "pitfall 31: a half-open connection is waited on forever",
      edits: [
        [
          "    return nowMs - this.#aliveMs > PULSE_WAIT_MAX_MS;",
          "    return nowMs - this.#aliveMs > Infinity;",
        ],
      ],
    },
    {
      name: "window-ignored",
      breaks: "law 6: more may be in flight than the window allows",
      edits: [
        [
          "    if (inFlight.length >= WINDOW_BATCHES_MAX) return 0;",
          "    if (inFlight.length >= WINDOW_BATCHES_MAX) return BATCH_BYTES_MAX;",
        ],
      ],
    },
    {
      name: "ack-beyond-sent",
      breaks: "protocol: an Ack of unsent events is accepted",
      edits: [
        [
          "    if (batch === undefined) return incarnation.acknowledged.sequence === sequence;",
          "    if (batch === undefined) return incarnation.acknowledged.sequence <= sequence;",
        ],
      ],
    },
    {
      name: "ack-lands-in-between",
      breaks: "protocol: a partly applied batch counts as applied",
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
      breaks: "membership: an unregistered LikesServer accepts likes that no status waits for",
      edits: [
        [
          '    return this.#state === "member" && this.#phase === "running";',
          '    return this.#state !== "leaving" && this.#phase === "running";',
        ],
      ],
    },
    {
      name: "accept-while-leaving",
      breaks: "membership: a LikesServer accepts likes after it asked to leave",
      edits: [
        [
          '    return this.#state === "member" && this.#phase === "running";',
          '    return this.#state !== "unregistered";',
        ],
      ],
    },
    {
      name: "membership-remembered-after-leaving",
      breaks:
        "membership: a LikesServer that left accepts at its next start, before it is a member",
      edits: [
        [
          '    return { type: "membership", membership: "unregistered", seen };',
          '    return { type: "membership", membership: "member", seen };',
        ],
      ],
    },
    {
      name: "stops-with-undelivered",
      breaks: "membership: a LikesServer stops before its accepted likes are delivered",
      edits: [
        [
          '    const isDone = this.#state !== "leaving" && !hasDeliverable;',
          '    const isDone = this.#state !== "leaving";',
        ],
      ],
    },
    {
      name: "leaving-read-as-member",
      breaks: "membership: after a crash while leaving, a LikesServer that may have left accepts",
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
      breaks: "law 7: a different history up to the applied sequence is taken for the current one",
      edits: [
        [
          "  if (position?.digest === digest) return undefined;",
          "  if (position !== undefined) return undefined;",
        ],
      ],
    },
    {
      name: "rolled-back-unnoticed",
      breaks: "pitfall 23: an applied sequence beyond the last event is misreported",
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
      breaks: "pitfall 36: after a lost connection it reconnects without backoff",
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
      breaks: "law 7: a ledger with amnesia gets no redelivery",
      edits: [
        [
          "    return welcome.redeliver || welcome.appliedSequence < this.claimedSequence(incarnation);",
          "    return welcome.redeliver && welcome.appliedSequence > this.claimedSequence(incarnation);",
        ],
      ],
    },
    {
      name: "refilling-begins-for-ever",
      breaks: "law 7: removed events make each stream of a redelivery restart it",
      edits: [
        [
          "isRedelivering && acknowledged.sequence <= stored.trimmed.sequence;",
          "isRedelivering && acknowledged.sequence < stored.trimmed.sequence;",
        ],
      ],
    },
    {
      name: "refilling-ends-too-early",
      breaks: "law 7: a redelivery ends before everything is acknowledged again",
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
    breaks: "protocol: unacknowledged events are stored as acknowledged, and may be removed",
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
      breaks: "protocol: the current incarnation is delivered before those of earlier processes",
      edits: [
        [
          "    const next = this.#incarnations.find(({ stored }) => {",
          "    const next = this.#incarnations.findLast(({ stored }) => {",
        ],
      ],
    },
    {
      name: "parked-is-next",
      breaks: "law 7: a parked incarnation is delivered repeatedly, and blocks the others",
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
      breaks: "law 7: acknowledgements from before the ledger's amnesia still count",
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
      breaks: "matrix 16: a state change that a full disk rejected is not retried",
      edits: [
        [
          "    this.#changes = [...(this.#retried ?? writes), ...this.#changes];",
          "    this.#changes = [...(this.#retried ?? writes.slice(1)), ...this.#changes];",
        ],
      ],
    },
    {
      name: "trim-not-taken-back",
      breaks: "law 7: a pending removal happens despite the ledger's amnesia",
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
      breaks: "law 7: a digest covers its record, but not the history before it",
      edits: [
        [
          "    const digest = this.#format.codec.digest(last.digest, events.first, bytes);",
          "    const digest = this.#format.codec.digest(incarnation, events.first, bytes);",
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
      breaks: "law 7: acknowledged events are trimmed at once",
      edits: [
        [
          "    while (this.#slices[0] !== undefined && nowMs - this.#slices[0].atMs >= this.#ageMs) {",
          "    while (this.#slices[0] !== undefined && nowMs >= this.#slices[0].atMs) {",
        ],
      ],
    },
    {
      name: "retained-for-ever",
      breaks: "law 6: acknowledged events are never trimmed by age",
      edits: [
        [
          " of this.#slices[0].upTo) aged.push({ incarnation, upTo });",
          " of this.#slices[0].upTo) void [incarnation, upTo];",
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
        breaks: "pitfall 35: after a long outage it does not retry for minutes",
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
        breaks: "law 5: a count read before some likes were applied lacks them",
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

const PERSON_TESTS = [
  "test/core/likes_server/wishes_test.ts",
  "test/core/likes_server/known_result_test.ts",
  "test/core/likes_server/unapplied_events_test.ts",
  "test/core/likes_server/count_cache_persons_test.ts",
  "test/core/likes_server/likes_server_persons_test.ts",
];

const PERSONS = [
  ...mutantsOf({ file: "src/core/likes_server/wishes.ts", tests: PERSON_TESTS }, [
    {
      name: "wish-guesses-a-taking-back",
      breaks: "persons: a like is taken back on a guess, which is superseded, and the like remains",
      edits: [
        [
          "    if (own?.isCertain !== true && wish.wanted.likes === 0) {",
          "    if (own?.isCertain === null && wish.wanted.likes === 0) {",
        ],
      ],
    },
    {
      name: "wish-guessed-while-busy",
      breaks: "persons: a like is taken for the first one though the primary could tell",
      edits: [
        [
          'if (outcome.type === "refused" && outcome.refusal.code !== "count_unknown") {',
          'if (outcome.type === "refused" && outcome.refusal.code === "usage") {',
        ],
      ],
    },
  ]),
  ...mutantsOf({ file: "src/core/likes_server/known_result.ts", tests: PERSON_TESTS }, [
    {
      name: "operation-with-other-likes-taken",
      breaks: "law 2: an add with the name of another one is accepted, and never counts",
      edits: [
        [
          "const isSame = known.itemId === itemId && known.likes === change.likes;",
          "const isSame = known.itemId === itemId;",
        ],
      ],
    },
    {
      name: "older-set-called-stored",
      breaks: "persons: a set that changes nothing any more is answered as one that holds",
      edits: [["return order === 0 ? {", "return order <= 0 ? {"]],
    },
  ]),
  ...mutantsOf({ file: "src/core/likes_server/unapplied_events.ts", tests: PERSON_TESTS }, [
    {
      name: "last-set-taken-for-the-greatest",
      breaks: "persons: an older set that comes late becomes the own state",
      edits: [
        [
          "      if (known !== undefined && compareStates(change.state, known.state) <= 0) return;\n",
          "",
        ],
      ],
    },
    {
      name: "greater-set-forgotten",
      breaks: "persons: the own state is lost when an older set of it is acknowledged",
      edits: [
        [
          "      if (isKnown) this.#sets.delete(key);",
          "      if (isKnown || known) this.#sets.delete(key);",
        ],
      ],
    },
    {
      name: "names-never-forgotten",
      breaks: "law 6: the names of sets and adds grow without a bound",
      edits: [["      for (const event of group.events) this.#unindex(event);\n", ""]],
    },
  ]),
  ...mutantsOf({ file: "src/core/likes_server/count_cache.ts", tests: PERSON_TESTS }, [
    {
      name: "own-state-not-joined",
      breaks: "persons: a person does not see a like that the ledger lacks, and gives it again",
      edits: [
        [
          "const isNewer = stored !== undefined && compareStates(stored, counted) > 0;",
          "const isNewer = stored !== undefined && compareStates(stored, counted) > 99;",
        ],
      ],
    },
    {
      name: "unknown-sets-taken-for-none",
      breaks: "law 3: a like is not taken back, since an earlier process's like is not seen",
      edits: [["isCertain: missing !== undefined", "isCertain: true"]],
    },
    {
      name: "counted-likes-of-the-joined-state",
      breaks: "persons: a like that the count lacks is taken for one that it has",
      edits: [
        [
          "    return { state: isNewer ? stored : counted, countedLikes: counted.likes, isCertain };",
          "    const state = isNewer ? stored : counted;\n" +
            "    return { state, countedLikes: state.likes, isCertain };",
        ],
      ],
    },
    {
      name: "persons-answered-from-the-cache",
      breaks: "persons: a fresh count answers a person without what the person gives",
      edits: [["    if (registers !== undefined) return false;\n", ""]],
    },
    {
      name: "persons-answered-while-busy",
      breaks: "persons: an old count answers a person without what the person gives",
      edits: [["if (isCached && query.registers === undefined) return", "if (isCached) return"]],
    },
    {
      name: "registers-without-bound",
      breaks: "law 6: one fetch names more registers than the primary takes",
      edits: [["      if (registers.size + keys.length > COUNTS_MAX) break;\n", ""]],
    },
  ]),
  ...mutantsOf(
    {
      file: "src/core/protocol/subject.ts",
      isSimulated: false,
      tests: ["test/core/protocol/subject_test.ts", "test/format/pseudonym_test.ts"],
    },
    [
      {
        name: "sites-share-their-persons",
        breaks: "persons: a person of one site can be followed to another",
        edits: [
          [
            '  return slash === -1 ? "" : itemId.slice(0, slash);',
            '  return slash === -1 ? "" : "";',
          ],
        ],
      },
      {
        name: "subject-not-utf-8-taken",
        breaks: "pitfall 29: two subjects that are not UTF-8 become one person",
        edits: [["/[\\p{Cc}\\ufffd]/u", "/\\p{Cc}/u"]],
      },
    ],
  ),
];

/** All bugs of this file. */
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
  ...PERSONS,
];
