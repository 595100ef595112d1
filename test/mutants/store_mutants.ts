/** Bugs in the stores: durability, atomicity, locking, reads. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const OUTBOX_TESTS = [
  "test/store/outbox/memory_outbox_test.ts",
  "test/store/outbox/sqlite_outbox_test.ts",
];
const LEDGER_TESTS = [
  "test/store/ledger/memory_ledger_test.ts",
  "test/store/ledger/sqlite_ledger_test.ts",
];
const SQLITE_TESTS = [
  "test/store/sqlite/sqlite_file_test.ts",
  "test/store/sqlite/sqlite_setup_test.ts",
  "test/store/sqlite/sqlite_kind_test.ts",
  "test/store/sqlite/verify_database_test.ts",
  "test/store/outbox/sqlite_outbox_test.ts",
  "test/store/ledger/sqlite_ledger_test.ts",
];

/** The source that replaces the state of an incarnation. */
const REPLACED =
  "  const index = state.incarnations.findLastIndex((one) => one.incarnation === by.incarnation);";

const OUTBOX_STATE = mutantsOf({ file: "src/store/outbox/outbox_state.ts", tests: OUTBOX_TESTS }, [
  {
    name: "incarnation-kept-over-restart",
    breaks: "pitfall 4: a start continues the incarnation of the previous process",
    edits: [
      [
        "  assert(findIncarnation(state, incarnation) === undefined,",
        "  if (state.incarnations.length > 0) return state;\n  assert(true,",
      ],
    ],
  },
  {
    name: "trim-beyond-acknowledged",
    breaks: "law 1: unacknowledged events are removed",
    edits: [
      [
        "  assert(trimmed.sequence <= retainedEnd(found).sequence,",
        "  assert(trimmed.sequence <= found.last.sequence,",
      ],
    ],
  },
  {
    name: "reopen-forgets-parked",
    breaks: "law 7: parked incarnations stay parked when the ledger has forgotten everything",
    edits: [
      [
        "  const opened = { closed: false, parked: undefined };",
        "  const opened = { closed: false };",
      ],
    ],
  },
  {
    name: "reopen-forgets-closed",
    breaks: "law 7: closed, retained incarnations are not redelivered to a ledger with amnesia",
    edits: [
      [
        "  const opened = { closed: false, parked: undefined };",
        "  const opened = { parked: undefined };",
      ],
    ],
  },
  {
    name: "refilling-not-written-down",
    breaks: "law 7: after a crash, an unfinished redelivery counts as done",
    edits: [
      [
        "...withSeen(state, write.seen), isRedelivering: true }",
        "...withSeen(state, write.seen) }",
      ],
    ],
  },
  {
    name: "emptied-incarnation-forgotten",
    breaks: "law 7: an incarnation's end is purged with its events, and no gap is named",
    edits: [
      [
        REPLACED,
        "  if (by.closed && by.last.sequence === by.trimmed.sequence) return withoutIncarnation(state, by);\n" +
          REPLACED,
      ],
    ],
  },
  {
    name: "idle-incarnation-forgotten",
    breaks:
      "law 7: an older ledger takes an idle incarnation for a copy's, because it is never closed",
    edits: [
      [
        REPLACED,
        "  if (by.closed && by.last.sequence === 0) return withoutIncarnation(state, by);\n" +
          REPLACED,
      ],
    ],
  },
  {
    name: "shed-newest-first",
    breaks: "law 7: the newest retained events are evicted first",
    edits: [
      [
        "  for (const one of next.incarnations) {",
        "  for (const one of next.incarnations.toReversed()) {",
      ],
    ],
  },
  {
    name: "shed-too-much",
    breaks: "law 7: eviction continues until nothing is retained",
    edits: [
      [
        "    if (bytesLeft <= 0 || last.sequence === end.sequence) break;",
        "    if (last.sequence === end.sequence) break;",
      ],
    ],
  },
  {
    name: "closed-likes-forgotten",
    breaks: "law 3: the accepted likes of a closed incarnation are no longer reported",
    edits: [["      likes: storedLikes(likes + last.likes),", "      likes: storedLikes(likes),"]],
  },
]);

const LIVES = mutantsOf(
  { file: "src/store/outbox/incarnations_to_purge.ts", tests: OUTBOX_TESTS },
  [
    {
      name: "idle-costs-events",
      breaks: "law 7: a crash loop of idle incarnations evicts retained events",
      edits: [
        [
          "    ...oldestClosed(others, closedMax),\n    ...oldestClosed(idle, closedMax),",
          "    ...oldestClosed(incarnations, closedMax),",
        ],
      ],
    },
    {
      name: "oldest-waiting-forgotten",
      breaks: "law 7: among waiting idle incarnations, one that is open in the ledger is purged",
      edits: [
        [
          "    ...waiting.slice(closedMax + 1),",
          "    ...waiting.toReversed().slice(closedMax + 1),",
        ],
      ],
    },
    {
      name: "shed-of-newest-closed",
      breaks: "law 7: the newest of too many closed incarnations are purged",
      edits: [
        [
          "closed.slice(0, Math.max(0, closed.length - closedMax))",
          "closed.slice(Math.min(closed.length, closedMax))",
        ],
      ],
    },
  ],
);

const MEMORY = [
  ...mutantsOf({ file: "src/store/ledger/memory_ledger.ts", tests: LEDGER_TESTS }, [
    {
      name: "superseded-memory-writes",
      breaks: "law 3: a primary keeps writing to a ledger that another one has opened, in memory",
      edits: [
        [
          "    return this.#disk.generations.at(-1)?.generation !== this.#generation;",
          "    return false;",
        ],
      ],
    },
  ]),
  ...mutantsOf(
    {
      file: "src/store/ledger/tombstones.ts",
      isSimulated: false,
      tests: ["test/store/ledger/forgetting_test.ts"],
    },
    [
      {
        name: "forgotten-not-listed",
        breaks: "law 3: the list lacks a forgotten person, and a backup brings the person back",
        edits: [["    this.#added.push(one);\n", ""]],
      },
      {
        name: "listed-persons-not-looked-up",
        breaks: "law 3: a restored ledger forgets the persons of the list, but not their likes",
        edits: [["      again.push({ person, withdraw });\n", ""]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/ledger/ledger_tables.ts",
      isSimulated: false,
      tests: ["test/store/ledger/forgetting_test.ts"],
    },
    [
      {
        name: "forgotten-bytes-stay",
        breaks: "the pages of the ledger keep the pseudonym of a forgotten person",
        edits: [["  erases: true,", "  erases: false,"]],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/store/sqlite/failed_store.ts", tests: [...OUTBOX_TESTS, ...LEDGER_TESTS] },
    [
      {
        name: "goes-on-in-doubt",
        breaks: "pitfall 15: the store continues after a failed sync",
        edits: [["    if (this.#error !== undefined) throw this.#error;", ""]],
      },
    ],
  ),
];

const SQLITE = [
  ...mutantsOf(
    { file: "src/store/sqlite/sqlite_kind.ts", isSimulated: false, tests: SQLITE_TESTS },
    [
      {
        name: "older-store-opened",
        breaks: "tables of an older version are taken for the current ones",
        edits: [
          ["  if (version !== kind.schemaVersion) {", "  if (version > kind.schemaVersion) {"],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/store/sqlite/sqlite_setup.ts", isSimulated: false, tests: SQLITE_TESTS },
    [
      {
        name: "synchronous-normal",
        breaks: "pitfall 12: commits are not synced, and the setting is not read back",
        edits: [
          [
            '{ pagesMax }: SqliteOptions): void {\n  database.pragma("synchronous = FULL");',
            '{ pagesMax }: SqliteOptions): void {\n  database.pragma("synchronous = NORMAL");',
          ],
          [
            "  assert(synchronous === SYNCHRONOUS_FULL, `synchronous is FULL, not ${synchronous}`);",
            "  assert(synchronous <= SYNCHRONOUS_FULL, `synchronous is FULL, not ${synchronous}`);",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/store/sqlite/sqlite_file.ts", isSimulated: false, tests: SQLITE_TESTS },
    [
      {
        name: "error-taken-for-full-disk",
        breaks:
          "pitfall 15: after an I/O error the store reports that nothing was written, and continues",
        edits: [
          [
            "    if (fromSqlite && !this.#isFull(error)) throw this.#failStore(error);",
            '    if (fromSqlite && error.code === "SQLITE_MISUSE") throw this.#failStore(error);',
          ],
        ],
      },
      {
        name: "failed-read-ignored",
        breaks: "pitfall 15: an I/O error on a read does not end the store",
        edits: [
          [
            "      throw error instanceof SqliteError ? this.#failStore(error) : error;",
            "      throw error;",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/store/sqlite/process_lock.ts", isSimulated: false, tests: SQLITE_TESTS },
    [
      {
        name: "two-processes-on-one-store",
        breaks: "pitfall 2: a second process opens the same store",
        edits: [['    database.exec("BEGIN EXCLUSIVE");', '    database.exec("BEGIN");']],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/ledger/intake.ts",
      isSimulated: false,
      tests: ["test/store/ledger/intake_test.ts"],
    },
    [
      {
        name: "folded-not-removed",
        breaks: "law 2: likes that are folded stay in the intake, and count twice",
        edits: [["    remove.run(range);\n", ""]],
      },
      {
        name: "removed-not-folded",
        breaks: "law 2: likes leave the intake without reaching the items",
        edits: [["    move.run(range);\n", ""]],
      },
      {
        name: "fold-replaces-likes",
        breaks: "law 2: a fold forgets the likes that an item has already",
        edits: [
          [
            "ORDER BY ${key} ON CONFLICT (${key}) DO UPDATE SET ${value} = ${merged}`",
            "ORDER BY ${key} ON CONFLICT (${key}) DO UPDATE SET ${value} = excluded.${value}`",
          ],
        ],
      },
      {
        name: "run-replaces-likes",
        breaks: "law 2: a commit forgets the likes of an earlier one in the same run",
        edits: [
          [
            "`ON CONFLICT (run, ${key}) DO UPDATE SET ${value} = ${merged}`",
            "`ON CONFLICT (run, ${key}) DO UPDATE SET ${value} = excluded.${value}`",
          ],
        ],
      },
      {
        name: "rows-of-intake-forgotten",
        breaks: "law 6: a start does not fold what the one before has left",
        edits: [["    this.#rows = integerOf(rows.get() ?? 0n);", "    this.#rows = 0;"]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/ledger/ledger_intakes.ts",
      isSimulated: false,
      tests: ["test/store/ledger/ledger_intakes_test.ts"],
    },
    [
      {
        name: "register-in-the-intake-unread",
        breaks: "law 2: a register that waits in the intake is not read, and its set counts again",
        edits: [
          [
            "    if (this.#registers.rows === 0) return ranks;",
            "    if (ranks.length > 0) return ranks;",
          ],
        ],
      },
      {
        name: "keys-of-an-earlier-opening-forgotten",
        breaks: "law 2: a start does not know which registers wait in the intake",
        edits: [
          ["    for (const key of this.#statements.recent.iterate()) this.#recent.add(key);\n", ""],
        ],
      },
      {
        name: "keys-forgotten-by-each-fold",
        breaks: "law 2: a fold forgets which registers still wait in the intake",
        edits: [
          ["if (fold.hasSwept && intake === this.#registers)", "if (intake === this.#registers)"],
        ],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/ledger/sqlite_ledger.ts",
      isSimulated: false,
      tests: ["test/store/ledger/sqlite_ledger_test.ts", "test/store/ledger/fold_kill_test.ts"],
    },
    [
      {
        name: "totals-and-sequence-in-two-transactions",
        breaks: "pitfall 13: the applied sequence is committed before the likes",
        edits: [
          [
            "    this.#rows.write(set);",
            "    this.#rows.write({ ...set, likes: new Map() });\n" +
              '    this.#file.database.exec("COMMIT; BEGIN IMMEDIATE");\n' +
              "    this.#intakes.append({ ...set, reactions: new Map(), registers: new Map() });",
          ],
        ],
      },
      {
        name: "page-without-the-intake",
        breaks: "law 3: a page lacks the likes that wait in the intake",
        edits: [
          [
            '    const failure = selection.type === "page" ? await this.#folding.foldAll() : undefined;',
            "    const failure = undefined;",
          ],
          [
            '    if (selection.type === "page" && !this.#intakes.hasAllLikes) return undefined;',
            "",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/ledger/sqlite_ledger.ts",
      isSimulated: false,
      tests: ["test/store/ledger/sqlite_ledger_test.ts"],
    },
    [
      {
        name: "superseded-generation-writes",
        breaks: "law 3: a primary keeps writing to a ledger that another one has opened",
        edits: [
          [
            "        if (this.#isSuperseded) return this.#superseded();\n        const loaded",
            "        const loaded",
          ],
        ],
      },
      {
        name: "foreign-write-unnoticed",
        breaks: "law 3: a commit is made from rows that another program has changed meanwhile",
        edits: [["this.#file.foreignChanges === changes;", "changes >= 0n;"]],
      },
      {
        name: "reactions-of-a-page-lost",
        breaks: "persons: a page tells reactions as plain likes",
        edits: [
          [
            "      counts: this.#withReactions(counts),",
            '      counts: selection.type === "page" ? counts : this.#withReactions(counts),',
          ],
        ],
      },
      {
        name: "registers-in-another-order",
        breaks: "persons: a person is told what another one gives",
        edits: [
          [
            "this.#intakes.ranksOf(registers).map(stateOf)",
            "this.#intakes.ranksOf(registers.toSorted()).map(stateOf)",
          ],
        ],
      },
      {
        name: "generation-not-minted",
        breaks: "law 3: an opening does not get its own generation",
        edits: [["    ledger.mintGeneration(nowUnixMs);", ""]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/outbox/sqlite_outbox.ts",
      isSimulated: false,
      tests: [
        "test/store/outbox/sqlite_outbox_test.ts",
        "test/store/outbox/verify_records_test.ts",
      ],
    },
    [
      {
        name: "damaged-record-sent",
        breaks: "matrix 20: a record is sent although its digest does not match its bytes",
        edits: [
          [
            "      const found = this.#codec && verifyRecord(end, row, this.#codec);",
            "      const found = this.#codec && verifyRecord(end, { ...row, digest: row.digest }, {\n" +
              "        ...this.#codec,\n        digest: () => row.digest,\n      });",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/sqlite/stored_integer.ts",
      tests: ["test/store/ledger/memory_ledger_test.ts", "test/store/outbox/memory_outbox_test.ts"],
    },
    [
      {
        name: "integers-beyond-the-store",
        breaks: "pitfall 26: a sequence beyond a safe integer is stored",
        edits: [["  assert(Number.isSafeInteger(value) && value >= 0,", "  assert(value >= 0,"]],
      },
    ],
  ),
];

const COPIES = [
  ...mutantsOf(
    {
      file: "src/store/secret_file.ts",
      isSimulated: false,
      tests: ["test/store/secret_file_test.ts"],
    },
    [
      {
        name: "secret-for-everybody",
        breaks: "persons: other users of the machine can tell who has liked what",
        edits: [["const OWNER_ONLY = 0o600;", "const OWNER_ONLY = 0o644;"]],
      },
      {
        name: "damaged-secret-replaced",
        breaks: "law 2: with another secret each person counts again",
        edits: [
          [
            "  const message =\n    `Cannot use the secret in ${JSON.stringify(path)}: it is not ${2",
            '  if (text !== "") return randomBytes(SECRET_BYTES);\n' +
              "  const message =\n    `Cannot use the secret in ${JSON.stringify(path)}: it is not ${2",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/site_keys.ts",
      isSimulated: false,
      tests: ["test/store/site_keys_test.ts"],
    },
    [
      {
        name: "site-keys-without-lock",
        breaks: "site keys: of two keys that are added at the same time, one is lost",
        edits: [["join(dataDir, LOCK_FILE), waitMs)", "`${path}.${process.pid}`, waitMs)"]],
      },
      {
        name: "removed-site-key-counts",
        breaks: "site keys: a key that leaked counts until the LikesServer is started again",
        edits: [["    if (version === this.#version) return;", "    if (this.#version) return;"]],
      },
      {
        name: "damaged-site-keys-read",
        breaks: "site keys: a damaged file is read as if it had fewer keys, and written so",
        edits: [
          [
            "    if (!isSite(site)) throw damaged(",
            '    if (!isSite(site)) continue;\n    if (key === "") throw damaged(',
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/roles/open_outbox.ts",
      isSimulated: false,
      tests: ["test/roles/open_outbox_test.ts"],
    },
    [
      {
        name: "other-secret-started",
        breaks: "law 2: an outbox goes on with another secret, and each person counts again",
        edits: [
          ["  if (fingerprint === found) return;", "  if (fingerprint.length === 32) return;"],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/store/backup.ts", isSimulated: false, tests: ["test/store/backup_test.ts"] },
    [
      {
        name: "backup-not-marked",
        breaks: "law 7: a ledger opened from a backup is not marked as a copy",
        edits: [
          [
            "SET copied_ms = ?`).run(storedInteger(nowUnixMs));",
            "SET copied_ms = ?`).run(0 * nowUnixMs || null);",
          ],
        ],
      },
    ],
  ),
];

/** All bugs of this file. */
export const STORE_MUTANTS: readonly Mutant[] = [
  ...OUTBOX_STATE,
  ...LIVES,
  ...MEMORY,
  ...SQLITE,
  ...COPIES,
];
