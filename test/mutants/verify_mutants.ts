/** Bugs of the auditor: each makes it call something exact that is not, or the other way round. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

function inAudit(name: string, tests: readonly string[] = [name]) {
  return {
    file: `src/verify/${name}.ts`,
    isSimulated: false,
    tests: tests.map((one) => `test/verify/${one}_test.ts`),
  };
}

const HEARD = mutantsOf(inAudit("audit_heard"), [
  {
    name: "audit-acknowledged-not-compared",
    breaks: "a ledger that lacks what it acknowledged is exact",
    edits: [["    if (isDecided || heard <= applied) continue;", "    if (heard >= 0) continue;"]],
  },
  {
    name: "audit-closed-not-acknowledged",
    breaks: "of a closed incarnation the ledger may lack what it acknowledged last",
    edits: [
      [
        "  return isClosed ? lastSequence : acknowledged.sequence;",
        "  return acknowledged.sequence;",
      ],
    ],
  },
  {
    name: "audit-retired-not-compared",
    breaks: "a decision to retire makes up for what a ledger forgot",
    edits: [
      [
        "    const isGivenUp = row?.isRetired === true && held.isClosed;",
        "    const isGivenUp = row?.isRetired === true;",
      ],
    ],
  },
  {
    name: "audit-seen-not-compared",
    breaks: "a ledger that lacks versions that were seen is exact",
    edits: [["wasRestored || ledger.reaches(seen)) return;", "wasRestored || seen) return;"]],
  },
  {
    name: "audit-refilling-not-named",
    breaks: "a ledger is exact although its outbox says that it forgot",
    edits: [["  if (file.isRefilling && !(isCopy", "  if (file.isRefilling && (isCopy"]],
  },
  {
    name: "audit-parked-not-named",
    breaks: "what an outbox parked is said to wait",
    edits: [["    if (!isParked || isDecided", "    if (isParked || isDecided"]],
  },
]);

const LEDGER = mutantsOf(inAudit("audit_ledger"), [
  {
    name: "audit-gap-beyond-applied",
    breaks: "a gap is closed, and what follows it is not counted on",
    edits: [["    if (applied >= sequence) continue;", "    if (applied >= 0) continue;"]],
  },
  {
    name: "audit-given-up-by-any-decision",
    breaks: "an incarnation is given up by a decision about something else",
    edits: [["      if (isOfOne) incarnations.add", "      incarnations.add"]],
  },
  {
    name: "audit-item-without-events",
    breaks: "an item that no event names is right when it has no likes",
    edits: [["    else if (isWhole && read === undefined)", "    else if (isWhole && !itemId)"]],
  },
  {
    name: "audit-item-without-row",
    breaks: "an item that has events and no row is right",
    edits: [
      [
        "  for (const [itemId, read] of tally.items) isNot",
        "  for (const [itemId, read] of []) isNot",
      ],
    ],
  },
  {
    name: "audit-member-not-summed",
    breaks: "the likes of a member are not those of its events",
    edits: [
      [
        "  if (!isWithin(appliedLikes, applied)) {",
        "  if (!isWithin(appliedLikes, applied) && !serverId) {",
      ],
    ],
  },
]);

const HISTORY = [
  ...mutantsOf(inAudit("applied", ["audit_incarnation", "audit_ledger"]), [
    {
      name: "audit-retired-member-waits",
      breaks: "what a retired member holds of a life that was never met is said to wait",
      edits: [["(row === undefined && isMemberRetired)", "(row !== undefined && isMemberRetired)"]],
    },
    {
      name: "audit-gap-counted",
      breaks: "events of a closed gap are counted",
      edits: [['    return isGivenUp ? "given_up" : "counted";', '    return "counted";']],
    },
  ]),
  ...mutantsOf(inAudit("audit_incarnation", ["audit_incarnation", "audit_random"]), [
    {
      name: "audit-own-sum-not-compared",
      breaks: "the outboxes' own sum is not that of the events",
      edits: [
        ["  if (own !== undefined && !isWithin) {", "  if (own === undefined && isWithin) {"],
      ],
    },
    {
      name: "audit-applied-digest-not-compared",
      breaks: "other events were applied than there are",
      edits: [["    if (position.digest === digest) return;", "    if (position.digest) return;"]],
    },
  ]),
  ...mutantsOf(inAudit("chain"), [
    {
      name: "audit-digest-not-computed",
      breaks: "a record is not what its digest says",
      edits: [
        [
          "  if (computed !== undefined && computed !== digest) {",
          "  if (computed === undefined) {",
        ],
      ],
    },
    {
      name: "audit-hole-not-seen",
      breaks: "a record is missing between two",
      edits: [
        [
          "  const follows = firstSequence === before.sequence + 1;",
          "  const follows = firstSequence > before.sequence;",
        ],
      ],
    },
  ]),
  ...mutantsOf(inAudit("history"), [
    {
      name: "audit-copies-not-compared",
      breaks: "two copies hold other events under one name",
      edits: [
        ["      if (conflict === undefined) continue;", "      if (conflict !== null) continue;"],
      ],
    },
  ]),
];

const VERDICT = [
  ...mutantsOf(inAudit("audit", ["audit_ledger", "audit_heard", "audit"]), [
    {
      name: "audit-trouble-is-exact",
      breaks: "trouble waits for a decision, and the ledger is exact",
      edits: [["missing.count + troubles.count === 0;", "missing.count === 0;"]],
    },
    {
      name: "audit-one-sum-is-enough",
      breaks: "one sum is taken for two",
      edits: [["  if (own !== undefined || ", "  if (own !== null || "]],
    },
  ]),
  ...mutantsOf(inAudit("audit_givers"), [
    {
      name: "audit-give-twice",
      breaks: "two gives have one name",
      edits: [["    return (before & bit) !== 0;", "    return (before & bit) < 0;"]],
    },
    {
      name: "audit-lost-give-undecided",
      breaks: "a give that is in no outbox is undecided, and not lost",
      edits: [
        [
          "    if (isWhole && !isTrimmed && !isApplied) {",
          "    if (isWhole && isTrimmed && !isApplied) {",
        ],
      ],
    },
  ]),
  ...mutantsOf(inAudit("audited_file"), [
    {
      name: "audit-integrity-not-checked",
      breaks: "a page that nobody can have written is read",
      edits: [
        ['    if (found !== "ok") throw new Unsound(', '    if (found === "") throw new Unsound('],
      ],
    },
  ]),
];

/** The bugs. */
export const VERIFY_MUTANTS: readonly Mutant[] = [...HEARD, ...LEDGER, ...HISTORY, ...VERDICT];
