/** Bugs in the stores: durability, atomicity, who may write, what is read. */
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

/** Where the state of an incarnation is put in its place. */
const REPLACED =
  "  const index = state.incarnations.findLastIndex((one) => one.incarnation === by.incarnation);";

const OUTBOX_STATE = mutantsOf({ file: "src/store/outbox/outbox_state.ts", tests: OUTBOX_TESTS }, [
  {
    name: "incarnation-kept-over-restart",
    breaks: "pitfall 4: a start goes on with the incarnation of the process before",
    edits: [
      [
        "  assert(findIncarnation(state, incarnation) === undefined,",
        "  if (state.incarnations.length > 0) return state;\n  assert(true,",
      ],
    ],
  },
  {
    name: "trim-beyond-acknowledged",
    breaks: "law 1: events that are not acknowledged are removed",
    edits: [
      [
        "  assert(trimmed.sequence <= retainedEnd(found).sequence,",
        "  assert(trimmed.sequence <= found.last.sequence,",
      ],
    ],
  },
  {
    name: "reopen-forgets-parked",
    breaks: "law 7: what was parked stays parked when the ledger forgot everything",
    edits: [
      [
        "  const opened = { closed: false, parked: undefined };",
        "  const opened = { closed: false };",
      ],
    ],
  },
  {
    name: "reopen-forgets-closed",
    breaks: "law 7: what was closed and is retained is not given to a ledger that forgot",
    edits: [
      [
        "  const opened = { closed: false, parked: undefined };",
        "  const opened = { parked: undefined };",
      ],
    ],
  },
  {
    name: "refilling-not-written-down",
    breaks: "law 7: a crash while a ledger is redelivered leaves it as if that were done",
    edits: [
      [
        "...withSeen(state, write.seen), isRedelivering: true }",
        "...withSeen(state, write.seen) }",
      ],
    ],
  },
  {
    name: "emptied-incarnation-forgotten",
    breaks: "law 7: where an incarnation ended is purged with its events, and no gap is named",
    edits: [
      [
        REPLACED,
        "  if (by.closed && by.last.sequence === by.trimmed.sequence) return without(state, by);\n" +
          REPLACED,
      ],
    ],
  },
  {
    name: "idle-incarnation-forgotten",
    breaks:
      "law 7: an older ledger takes a life for that of a copy, because nobody closes an idle one",
    edits: [
      [
        REPLACED,
        "  if (by.closed && by.last.sequence === 0) return without(state, by);\n" + REPLACED,
      ],
    ],
  },
  {
    name: "shed-newest-first",
    breaks: "law 7: of what is retained the newest goes first",
    edits: [
      [
        "  for (const one of next.incarnations) {",
        "  for (const one of next.incarnations.toReversed()) {",
      ],
    ],
  },
  {
    name: "shed-too-much",
    breaks: "law 7: shedding goes on until nothing is retained",
    edits: [
      [
        "    if (bytesLeft <= 0 || last.sequence === end.sequence) break;",
        "    if (last.sequence === end.sequence) break;",
      ],
    ],
  },
  {
    name: "closed-likes-forgotten",
    breaks: "law 3: what a closed incarnation accepted is no longer told",
    edits: [["      likes: storedLikes(likes + last.likes),", "      likes: storedLikes(likes),"]],
  },
]);

const LIVES = mutantsOf(
  { file: "src/store/outbox/incarnations_to_purge.ts", tests: OUTBOX_TESTS },
  [
    {
      name: "idle-costs-events",
      breaks: "law 7: a crash loop of idle lives takes events that are retained",
      edits: [
        [
          "    ...oldestClosed(others, closedMax),\n    ...oldestClosed(idle, closedMax),",
          "    ...oldestClosed(incarnations, closedMax),",
        ],
      ],
    },
    {
      name: "oldest-waiting-forgotten",
      breaks: "law 7: of idle lives that wait the one goes that a ledger has open",
      edits: [
        [
          "    ...waiting.slice(closedMax + 1),",
          "    ...waiting.toReversed().slice(closedMax + 1),",
        ],
      ],
    },
    {
      name: "shed-of-newest-closed",
      breaks: "law 7: of too many closed incarnations the newest go",
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
      breaks: "law 3: a primary whose ledger was opened again goes on writing, in memory",
      edits: [
        [
          "    return this.#disk.generations.at(-1)?.generation !== this.#generation;",
          "    return false;",
        ],
      ],
    },
  ]),
  ...mutantsOf(
    { file: "src/store/sqlite/failed_store.ts", tests: [...OUTBOX_TESTS, ...LEDGER_TESTS] },
    [
      {
        name: "goes-on-in-doubt",
        breaks: "pitfall 15: after a failed sync the store goes on",
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
        breaks: "the tables of an older version are taken for those of this one",
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
        breaks: "pitfall 12: commits are not synced, and that is not read back",
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
          "pitfall 15: after an I/O error the store says that nothing was written, and goes on",
        edits: [
          [
            "    if (fromSqlite && !this.#isFull(error)) throw this.#failStore(error);",
            '    if (fromSqlite && error.code === "SQLITE_MISUSE") throw this.#failStore(error);',
          ],
        ],
      },
      {
        name: "failed-read-ignored",
        breaks: "pitfall 15: an I/O error of a read does not end the store",
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
      file: "src/store/ledger/sqlite_ledger.ts",
      isSimulated: false,
      tests: ["test/store/ledger/sqlite_ledger_test.ts"],
    },
    [
      {
        name: "totals-and-sequence-in-two-transactions",
        breaks: "pitfall 13: likes are committed, and the applied sequence after them",
        edits: [
          [
            "    this.#statements.addLikes.run(itemId, gained);",
            "    this.#statements.addLikes.run(itemId, gained);\n" +
              '    this.#statements.addLikes.database.exec("COMMIT; BEGIN IMMEDIATE");',
          ],
        ],
      },
      {
        name: "superseded-generation-writes",
        breaks: "law 3: a primary whose ledger was opened again goes on writing",
        edits: [
          [
            "        if (this.#isSuperseded) return { value: this.#superseded(), changed: false };",
            "",
          ],
        ],
      },
      {
        name: "generation-not-minted",
        breaks: "law 3: an opening has no generation of its own",
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
        breaks: "matrix 20: a record is sent although its digest is not that of its bytes",
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
        breaks: "pitfall 26: a sequence that a number cannot hold is stored",
        edits: [["  assert(Number.isSafeInteger(value) && value >= 0,", "  assert(value >= 0,"]],
      },
    ],
  ),
];

const COPIES = [
  ...mutantsOf(
    { file: "src/store/backup.ts", isSimulated: false, tests: ["test/store/backup_test.ts"] },
    [
      {
        name: "backup-not-marked",
        breaks: "law 7: a ledger that is opened from a backup does not know that it is one",
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

/** All of them. */
export const STORE_MUTANTS: readonly Mutant[] = [
  ...OUTBOX_STATE,
  ...LIVES,
  ...MEMORY,
  ...SQLITE,
  ...COPIES,
];
