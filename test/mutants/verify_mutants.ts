/** Bugs in the auditor: each makes it call an inexact result exact, or the reverse. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

function inAudit(name: string, tests: readonly string[] = [name]) {
  return {
    file: `src/verify/${name}.ts`,
    isSimulated: false,
    tests: tests.map((one) => `test/verify/${one}_test.ts`),
  };
}

const ROLLBACK = mutantsOf(inAudit("audit_rollback"), [
  {
    name: "audit-acknowledged-not-compared",
    breaks: "a ledger that lacks acknowledged events is exact",
    edits: [
      [
        "    if (isDecided || acknowledged <= applied) continue;",
        "    if (acknowledged >= 0) continue;",
      ],
    ],
  },
  {
    name: "audit-retired-not-compared",
    breaks: "a decision to retire makes up for the ledger's amnesia",
    edits: [
      [
        "    const isGivenUp = row?.isRetired === true && stored.isClosed;",
        "    const isGivenUp = row?.isRetired === true;",
      ],
    ],
  },
]);

const LEDGER = mutantsOf(inAudit("audit_ledger"), [
  {
    name: "audit-given-up-by-any-decision",
    breaks: "an incarnation is given up by a decision about something else",
    edits: [["      if (isOfOne) incarnations.add", "      incarnations.add"]],
  },
  {
    name: "audit-item-without-events",
    breaks: "an item without events is right when it has no likes",
    edits: [["      else if (isWhole && !item.isNamed)", "      else if (isWhole && !itemId)"]],
  },
  {
    name: "audit-item-missing",
    breaks: "an item that events made need not be in the ledger",
    edits: [["      if (isMade && !isMet)", "      if (isMade && isMet && adds < 0n)"]],
  },
  {
    name: "audit-applied-events-not-compared",
    breaks: "a member may have applied any number of events",
    edits: [
      [
        "  if (appliedEvents === outbox.appliedEvents) return;",
        "  if (appliedEvents >= 0) return;",
      ],
    ],
  },
]);

const LEDGER_NAMES = mutantsOf(inAudit("audit_ledger", ["audit_operations", "audit_registers"]), [
  {
    name: "audit-lost-copies-never-counted",
    breaks: "an operation counted with the copy that was read, although another copy was trimmed",
    edits: [["tally.unread === 0 || operations.count === 0;", "tally.unread >= 0;"]],
  },
  {
    name: "audit-trimmed-events-explain-all",
    breaks: "one trimmed event explains any number of operations and registers",
    edits: [["  if (counted <= tally.unread) return;", "  if (tally.unread > 0) return;"]],
  },
  {
    name: "audit-registers-not-in-total",
    breaks: "what persons give is not in the total",
    edits: [["  const parts = sums.members + sums.registers;", "  const parts = totalLikes;"]],
  },
]);

const NAMES = [
  ...mutantsOf(inAudit("registers", ["audit_registers"]), [
    {
      name: "audit-last-state-wins",
      breaks: "a register has the state that was read last",
      edits: [["    if (rank > (this.#ranks.get(person, item) ?? 0)) this", "    this"]],
    },
  ]),
  ...mutantsOf(inAudit("audit_registers", ["audit_registers", "audit_random"]), [
    {
      name: "audit-register-below-passes",
      breaks: "the ledger may have forgotten a state",
      edits: [["rank < (read ?? 0)) {", "rank < 0) {"]],
    },
    {
      name: "audit-waiting-registers-not-read",
      breaks: "the audit lacks the registers that wait in the intake",
      edits: [
        ["const newer = waiting.take(person, item.number) ?? 0;", "const newer = 0;"],
        ["      waiting.raise(person,", "      if (rank < 0) waiting.raise(person,"],
      ],
    },
    {
      name: "audit-reactions-not-compared",
      breaks: "reactions may have any likes",
      edits: [
        ["    if (likes !== expected) divergeReaction", "    if (likes < 0n) divergeReaction"],
      ],
    },
  ]),
  ...mutantsOf(inAudit("audit_operations", ["audit_operations"]), [
    {
      name: "audit-uncounted-operation-passes",
      breaks: "an applied operation may not have counted",
      edits: [
        [
          "    for (const { item } of tally.operations.unmet()) {",
          "    for (const { item } of []) {",
        ],
      ],
    },
  ]),
  ...mutantsOf(inAudit("operations", ["audit_operations", "audit_random"]), [
    {
      name: "audit-all-copies-count",
      breaks: "an operation counts at each outbox that has a copy",
      edits: [["shareOf(of, isSure && isOnly)", "shareOf(of, isSure || isOnly)"]],
    },
    {
      name: "audit-other-item-is-same",
      breaks: "an operation may add its likes to different items",
      edits: [["first.item === copy.item && first.likes", "first.likes"]],
    },
  ]),
  ...mutantsOf(inAudit("like_events"), [
    {
      name: "audit-set-with-operation",
      breaks: "a set has an operation, which no role accepts",
      edits: [["  if (operation !== undefined) throw", "  if (operation === null) throw"]],
    },
    {
      name: "audit-person-not-compared",
      breaks: "copies have sets of different persons under one name",
      edits: [
        ["other.kind === one.kind && isSame(one.person, other.person)", "other.kind === one.kind"],
      ],
    },
  ]),
  ...mutantsOf(inAudit("like_events", ["audit_registers"]), [
    {
      name: "audit-set-adds-to-outbox",
      breaks: "a set adds its likes to the running total of its outbox",
      edits: [
        [
          '  return event.kind === "add" ? event.likes : 0n;',
          '  return event.kind === "add" ? event.likes : BigInt(event.state.likes);',
        ],
      ],
    },
  ]),
];

const LEDGER_COUNTS = mutantsOf(inAudit("ledger_counts", ["audit_ledger"]), [
  {
    name: "audit-intake-not-read",
    breaks: "the audit lacks the likes that wait in the intake",
    edits: [
      [
        'likes: likesOf(row, "likes") + (waiting.get(itemId) ?? 0n) };',
        'likes: likesOf(row, "likes") };',
      ],
    ],
  },
]);

const HISTORY = [
  ...mutantsOf(inAudit("applied", ["audit_incarnation", "audit_ledger"]), [
    {
      name: "audit-gap-counted",
      breaks: "events of a closed gap are counted",
      edits: [['    return isGivenUp ? "given_up" : "counted";', '    return "counted";']],
    },
  ]),
  ...mutantsOf(inAudit("audit_incarnation", ["audit_incarnation", "audit_random"]), [
    {
      name: "audit-applied-digest-not-compared",
      breaks: "the applied events differ from the existing ones",
      edits: [["    if (position.digest === digest) return;", "    if (position.digest) return;"]],
    },
  ]),
  ...mutantsOf(inAudit("chain"), [
    {
      name: "audit-digest-not-computed",
      breaks: "a record does not match its digest",
      edits: [
        [
          "  if (computed !== undefined && computed !== digest) {",
          "  if (computed === undefined) {",
        ],
      ],
    },
  ]),
  ...mutantsOf(inAudit("history"), [
    {
      name: "audit-copies-not-compared",
      breaks: "two copies hold different events under one name",
      edits: [
        ["      if (conflict === undefined) continue;", "      if (conflict !== null) continue;"],
      ],
    },
  ]),
];

const VERDICT = [
  ...mutantsOf(inAudit("audit", ["audit_ledger", "audit_rollback", "audit"]), [
    {
      name: "audit-trouble-is-exact",
      breaks: "the ledger is exact while a trouble waits for a decision",
      edits: [["unclear.count + troubles.count === 0;", "unclear.count === 0;"]],
    },
    {
      name: "audit-one-sum-is-enough",
      breaks: "one sum is counted as two",
      edits: [["  if (own !== undefined || ", "  if (own !== null || "]],
    },
  ]),
  ...mutantsOf(inAudit("audit", ["audit_operations"]), [
    {
      name: "audit-unclear-is-exact",
      breaks: "the ledger is exact although an operation adds different likes",
      edits: [["missing.count + unclear.count + troubles", "missing.count + troubles"]],
    },
  ]),
  ...mutantsOf(inAudit("audit_clients"), [
    {
      name: "audit-lost-add-undecided",
      breaks: "an add that is in no outbox is undecided, not lost",
      edits: [
        [
          "    if (isWhole && !isTrimmed && !isApplied) {",
          "    if (isWhole && isTrimmed && !isApplied) {",
        ],
      ],
    },
  ]),
];

/** All bugs of this file. */
export const VERIFY_MUTANTS: readonly Mutant[] = [
  ...ROLLBACK,
  ...LEDGER,
  ...LEDGER_NAMES,
  ...NAMES,
  ...LEDGER_COUNTS,
  ...HISTORY,
  ...VERDICT,
];
