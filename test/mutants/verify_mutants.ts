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
    edits: [["    else if (isWhole && read === undefined)", "    else if (isWhole && !itemId)"]],
  },
]);

const LEDGER_FILE = mutantsOf(inAudit("ledger_file", ["audit_ledger"]), [
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
      edits: [["missing.count + troubles.count === 0;", "missing.count === 0;"]],
    },
    {
      name: "audit-one-sum-is-enough",
      breaks: "one sum is counted as two",
      edits: [["  if (own !== undefined || ", "  if (own !== null || "]],
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
  ...LEDGER_FILE,
  ...HISTORY,
  ...VERDICT,
];
