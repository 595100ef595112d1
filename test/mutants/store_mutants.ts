/** Bugs in the stores: durability, atomicity, who may write, what is read. */
// tidy: long file because it is one list
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const OUTBOX_TESTS = ["test/store/memory_outbox_test.ts", "test/store/sqlite_outbox_test.ts"];
const LEDGER_TESTS = ["test/store/memory_ledger_test.ts", "test/store/sqlite_ledger_test.ts"];
const SQLITE_TESTS = [
  "test/store/sqlite_file_test.ts",
  "test/store/sqlite_setup_test.ts",
  "test/store/verify_database_test.ts",
  "test/store/sqlite_outbox_test.ts",
  "test/store/sqlite_ledger_test.ts",
];

/** Where the state of an incarnation is put in its place. */
const REPLACED =
  "  const index = state.incarnations.findLastIndex((one) => one.incarnation === by.incarnation);";

const OUTBOX_STATE = mutantsOf({ file: "src/store/outbox_state.ts", tests: OUTBOX_TESTS }, [
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
    name: "acknowledged-goes-back",
    breaks: "pitfall 5: a late acknowledgement takes back a newer one",
    edits: [
      [
        "  if (upTo <= found.acknowledged.sequence) return next;",
        "  if (upTo === found.acknowledged.sequence) return next;",
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
    breaks: "law 7: a crash while a ledger is refilled leaves it as if that were done",
    edits: [
      ["...withSeen(state, write.seen), isRefilling: true }", "...withSeen(state, write.seen) }"],
    ],
  },
  {
    name: "emptied-incarnation-forgotten",
    breaks: "law 7: where an incarnation ended is forgotten with its events, and no gap is named",
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

const LIVES = mutantsOf({ file: "src/store/lives_to_forget.ts", tests: OUTBOX_TESTS }, [
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
      ["    ...waiting.slice(closedMax + 1),", "    ...waiting.toReversed().slice(closedMax + 1),"],
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
]);

const MEMORY = [
  ...mutantsOf({ file: "src/store/memory_ledger.ts", tests: LEDGER_TESTS }, [
    {
      name: "totals-outside-transaction",
      breaks: "pitfall 13: the likes of items stay when the transaction is undone",
      edits: [
        [
          "    this.#set(this.#disk.items, itemId, storedLikes(likes));",
          "    this.#disk.items.set(itemId, storedLikes(likes));\n    this.#undo.push(() => {});",
        ],
      ],
    },
    {
      name: "superseded-memory-writes",
      breaks: "law 3: a primary whose ledger was opened again goes on writing, in memory",
      edits: [
        [
          "    if (this.#disk.generations.at(-1)?.generation !== this.#generation) {",
          '    if (this.#generation === "") {',
        ],
      ],
    },
    {
      name: "sequence-outside-transaction",
      breaks: "pitfall 13: the applied sequence stays when the transaction is undone",
      edits: [
        [
          "    this.#set(this.#disk.incarnations, row.incarnation, checkedIncarnation(row));",
          "    this.#disk.incarnations.set(row.incarnation, checkedIncarnation(row));\n" +
            "    this.#undo.push(() => {});",
        ],
      ],
    },
  ]),
  ...mutantsOf({ file: "src/store/ledger_rows.ts", tests: LEDGER_TESTS }, [
    {
      name: "wider-gap-not-recorded",
      breaks: "law 7: a gap is taken for a narrower one of the same incarnation",
      edits: [['  if (kind === "gap" && one.lastSequence !== lastSequence) return false;', ""]],
    },
  ]),
  ...mutantsOf({ file: "src/store/doubt.ts", tests: [...OUTBOX_TESTS, ...LEDGER_TESTS] }, [
    {
      name: "goes-on-in-doubt",
      breaks: "pitfall 15: after a failed sync the store goes on",
      edits: [["    if (this.#error !== undefined) throw this.#error;", ""]],
    },
  ]),
];

const SQLITE = [
  ...mutantsOf({ file: "src/store/sqlite_setup.ts", isSimulated: false, tests: SQLITE_TESTS }, [
    {
      name: "synchronous-normal",
      breaks: "pitfall 12: commits are not synced, and that is not read back",
      edits: [
        [
          '{ pagesMax }: SqliteOptions): void {\n  database.pragma("synchronous = FULL");',
          '{ pagesMax }: SqliteOptions): void {\n  database.pragma("synchronous = NORMAL");',
        ],
        [
          "  assert(synchronous === SYNCHRONOUS_FULL, `synchronous is FULL and not ${synchronous}`);",
          "  assert(synchronous <= SYNCHRONOUS_FULL, `synchronous is FULL and not ${synchronous}`);",
        ],
      ],
    },
    {
      name: "new-database-not-lasting",
      breaks: "pitfall 16: the name of a new database is not synced",
      edits: [["  syncFolder(dirname(path));\n", "  dirname(path);\n"]],
    },
    {
      name: "empty-database-is-new",
      breaks: "pitfall 18: a database that was cut to nothing is taken for a new one",
      edits: [
        [
          '  if (found.size === 0) throw damaged(path, kind, "it is empty");',
          "  if (found.size === 0) makeDatabase(path, kind, {\n" +
            "    create: () => {},\n    options: {},\n  });",
        ],
      ],
    },
    {
      name: "damage-unnoticed",
      breaks: "matrix 20: a database is served although it is damaged",
      edits: [
        [
          "  if (found !== undefined) throw damaged(path, kind, found);",
          '  if (found === "") throw damaged(path, kind, found);',
        ],
      ],
    },
    {
      name: "rows-not-guarded",
      breaks: "law 7: rows that a person changes with another program are served",
      edits: [["  guardTables(database, kind);", ""]],
    },
  ]),
  ...mutantsOf({ file: "src/store/sqlite.ts", isSimulated: false, tests: SQLITE_TESTS }, [
    {
      name: "numbers-round",
      breaks: "pitfall 26: integers are read as numbers, and round beyond 2^53",
      edits: [["readBigInts: true", "readBigInts: false"]],
    },
  ]),
  ...mutantsOf({ file: "src/store/sqlite_file.ts", isSimulated: false, tests: SQLITE_TESTS }, [
    {
      name: "error-taken-for-full-disk",
      breaks: "pitfall 15: after an I/O error the store says that nothing was written, and goes on",
      edits: [
        [
          "    if (fromSqlite && !this.#isFull(error)) throw this.#enterDoubt(error);",
          '    if (fromSqlite && error.code === "SQLITE_MISUSE") throw this.#enterDoubt(error);',
        ],
      ],
    },
    {
      name: "full-disk-not-rolled-back",
      breaks: "matrix 17: after a full disk the transaction stays open",
      edits: [["      if (this.database.inTransaction) this.#rollback.run();", ""]],
    },
    {
      name: "busy-is-doubt",
      breaks: "matrix 6: another program's write lock ends the store",
      edits: [
        ["      if (error instanceof SqliteError && BUSY.test(error.code)) return false;", ""],
      ],
    },
    {
      name: "log-grows",
      breaks: "law 6: the log of the database is never moved into it",
      edits: [
        [
          "    if ((this.#logState.get()?.log ?? 0n) < WAL_PAGES_MAX) return;",
          "    if ((this.#logState.get()?.log ?? 0n) >= 0n) return;",
        ],
      ],
    },
    {
      name: "failed-checkpoint-ignored",
      breaks: "pitfall 15: an I/O error while the log is moved is not heard of",
      edits: [
        [
          "      if (!this.#isFull(error)) throw this.#enterDoubt(error);",
          "      assert(error !== this);",
        ],
      ],
    },
    {
      name: "failed-read-ignored",
      breaks: "pitfall 15: an I/O error of a read does not end the store",
      edits: [
        [
          "      throw error instanceof SqliteError ? this.#enterDoubt(error) : error;",
          "      throw error;",
        ],
      ],
    },
  ]),
  ...mutantsOf({ file: "src/store/process_lock.ts", isSimulated: false, tests: SQLITE_TESTS }, [
    {
      name: "two-processes-on-one-store",
      breaks: "pitfall 2: a second process opens the same store",
      edits: [['    database.exec("BEGIN EXCLUSIVE");', '    database.exec("BEGIN");']],
    },
  ]),
  ...mutantsOf(
    {
      file: "src/store/sqlite_ledger.ts",
      isSimulated: false,
      tests: ["test/store/sqlite_ledger_test.ts"],
    },
    [
      {
        name: "totals-and-sequence-in-two-transactions",
        breaks: "pitfall 13: likes are committed, and the applied sequence after them",
        edits: [
          [
            "    this.#statements.setItemLikes.run(itemId, likes);",
            "    this.#statements.setItemLikes.run(itemId, likes);\n" +
              '    this.#statements.setItemLikes.database.exec("COMMIT; BEGIN IMMEDIATE");',
          ],
        ],
      },
      {
        name: "superseded-generation-writes",
        breaks: "law 3: a primary whose ledger was opened again goes on writing",
        edits: [["      this.#throwIfSuperseded();", ""]],
      },
      {
        name: "generation-not-minted",
        breaks: "law 3: an opening has no generation of its own",
        edits: [["    ledger.mintGeneration(nowUnixMs);", ""]],
      },
      {
        name: "generation-begins-too-early",
        breaks: "law 7: a generation seems to have ended one version earlier than it did",
        edits: [
          [
            "mintGeneration.run(this.#generation, version + 1, ",
            "mintGeneration.run(this.#generation, version, ",
          ],
        ],
      },
      {
        name: "page-skips-equally-liked",
        breaks: "law 5: items that are liked as much as the last one of a page are never told",
        edits: [["    return [...equally, ...less].map(itemOf);", "    return less.map(itemOf);"]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/sqlite_outbox.ts",
      isSimulated: false,
      tests: ["test/store/sqlite_outbox_test.ts", "test/store/verify_records_test.ts"],
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
      {
        name: "outbox-of-another-server",
        breaks: "pitfall 1: a LikesServer opens the outbox of another one",
        edits: [["    outbox.expectServer(serverId);", ""]],
      },
      {
        name: "records-not-removed",
        breaks: "law 6: what was trimmed stays on the disk",
        edits: [["        remove.run(one.incarnation, one.trimmed.sequence);", ""]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/verify_records.ts",
      isSimulated: false,
      tests: ["test/store/verify_records_test.ts", "test/store/sqlite_outbox_test.ts"],
    },
    [
      {
        name: "likes-of-records-not-verified",
        breaks: "matrix 20: the likes beside a record are not those of its events",
        edits: [
          [
            "  if (isWhole && likes === row.likes) return undefined;",
            "  if (isWhole) return undefined;",
          ],
        ],
      },
      {
        name: "missing-record-unnoticed",
        breaks: "pitfall 20: a record is missing in the middle, and nobody sees it",
        edits: [
          [
            "  const follows = first === BigInt(before.sequence) + 1n;",
            "  const follows = first > BigInt(before.sequence);",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/stored_integer.ts",
      tests: ["test/store/memory_ledger_test.ts", "test/store/memory_outbox_test.ts"],
    },
    [
      {
        name: "likes-beyond-the-store",
        breaks: "pitfall 26: a total that SQLite turns into a floating-point number is stored",
        edits: [
          [
            "  assert(likes >= 0n && likes <= TOTAL_LIKES_MAX, `${likes} likes fit 63 bits`);",
            "  assert(likes >= 0n && TOTAL_LIKES_MAX > 0n, `${likes} likes fit 63 bits`);",
          ],
        ],
      },
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
      {
        name: "backup-not-verified",
        breaks: "pitfall 24: a backup of a damaged store is called good",
        edits: [["    if (found !== undefined) throw unfitAs(found);", ""]],
      },
      {
        name: "backup-of-several-commits",
        breaks: "pitfall 24: a backup is begun again by each commit of the role",
        edits: [['    database.exec("BEGIN");', ""]],
      },
      {
        name: "backup-replaces-another",
        breaks: "pitfall 24: a backup is written over an older one",
        edits: [['    refuseTaken(path, "name a folder without one");', ""]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/store/upgrade_database.ts",
      isSimulated: false,
      tests: ["test/store/upgrade_database_test.ts"],
    },
    [
      {
        name: "upgrade-in-steps",
        breaks: "matrix 28: a crash in an upgrade leaves a database of no version",
        edits: [
          [
            "    database.transaction(() => replaceTables(database, kind, upgrade));",
            "    replaceTables(database, kind, upgrade);",
          ],
        ],
      },
      {
        name: "upgrade-loses-rows",
        breaks: "matrix 28: what an older release wrote is gone after an upgrade",
        edits: [["  database.exec(fill);", ""]],
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
