/**
 * The forgotten persons of a ledger. A tombstone is a hash of a pseudonym with the ledger's salt:
 * it tells whether a set that comes late is of a forgotten person, and nothing else.
 *
 * A list outside of the ledger's folder has the same tombstones. A ledger that is restored from a
 * backup lacks the newest ones: its opening takes them from the list.
 */
import { createHash } from "node:crypto";
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ForgottenPerson } from "../../core/ledger/rows.ts";
import type { PersonId } from "../../core/protocol/ids.ts";
import { syncFolder } from "../make_folder.ts";
import type { Database } from "../sqlite/sqlite.ts";

const OWNER_ONLY = 0o600;
const DIGITS = 32;
const LINE = /^([0-9a-f]{32}) (keep|withdraw)$/;

interface StoredTombstone {
  readonly tombstone: string;
  readonly withdraw: bigint;
}

function prepare(database: Database) {
  return {
    salt: database.prepare<[], string>("SELECT lower(hex(salt)) FROM ledger").pluck(),
    isEmpty: database.prepare<[], bigint>("SELECT NOT EXISTS (SELECT 1 FROM forgotten)").pluck(),
    has: database
      .prepare<[string], bigint>("SELECT 1 FROM forgotten WHERE tombstone = unhex(?)")
      .pluck(),
    add: database.prepare<[string, number]>(
      "INSERT INTO forgotten (tombstone, withdraw) VALUES (unhex(?), ?) ON CONFLICT DO NOTHING",
    ),
    all: database.prepare<[], StoredTombstone>(
      "SELECT lower(hex(tombstone)) AS tombstone, withdraw FROM forgotten",
    ),
    persons: database
      .prepare<[], PersonId>(
        "SELECT lower(hex(person)) FROM registers UNION " +
          "SELECT lower(hex(person)) FROM registers_intake",
      )
      .pluck(),
  };
}

/** The forgotten persons of an open ledger. */
export class Tombstones {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #salt: Buffer;
  readonly #list: string;
  /** Tombstones of the open transaction, which the list lacks. */
  #added: ForgottenPerson[] = [];

  constructor(database: Database, list: string) {
    this.#statements = prepare(database);
    this.#salt = Buffer.from(this.#statements.salt.get() ?? "", "hex");
    this.#list = list;
  }

  /** Returns which of some persons are forgotten. */
  among(persons: Iterable<PersonId>): ReadonlySet<PersonId> {
    if (this.#statements.isEmpty.get() === 1n) return new Set();
    return new Set([...new Set(persons)].filter((person) => this.#has(this.#of(person))));
  }

  /** Adds a person, inside the caller's transaction. `committed` must follow. */
  add(one: ForgottenPerson): void {
    this.#statements.add.run(this.#of(one.person), one.withdraw ? 1 : 0);
    this.#added.push(one);
  }

  /** The transaction is on the disk: the list is synced, too. Throws the system's error. */
  committed(): void {
    if (this.#added.length === 0) return;
    const lines = this.#added.map(({ person, withdraw }) => lineOf(this.#of(person), withdraw));
    this.#added = [];
    this.#append(lines);
  }

  /** The transaction has failed. */
  rolledBack(): void {
    this.#added = [];
  }

  /**
   * Compares list and ledger at an opening, inside a transaction. Adds to each what it lacks.
   * Returns persons of the list that the ledger has registers of: their likes are still counted.
   */
  reconcile(): readonly ForgottenPerson[] {
    const listed = this.#read();
    const stored = this.#statements.all.all();
    const missing = stored.filter(({ tombstone }) => !listed.has(tombstone));
    this.#append(missing.map(({ tombstone, withdraw }) => lineOf(tombstone, withdraw === 1n)));
    for (const { tombstone } of stored) listed.delete(tombstone);
    if (listed.size === 0) return [];
    const again: ForgottenPerson[] = [];
    for (const person of this.#statements.persons.all()) {
      const withdraw = listed.get(this.#of(person));
      if (withdraw === undefined) continue;
      again.push({ person, withdraw });
      listed.delete(this.#of(person));
    }
    for (const [tombstone, withdraw] of listed)
      this.#statements.add.run(tombstone, withdraw ? 1 : 0);
    return again;
  }

  #of(person: PersonId): string {
    const hash = createHash("sha256").update(this.#salt).update(person, "hex");
    return hash.digest("hex").slice(0, DIGITS);
  }

  #has(tombstone: string): boolean {
    return this.#statements.has.get(tombstone) !== undefined;
  }

  /** A line that a crash cut off is added again: the ledger has its tombstone. */
  #read(): Map<string, boolean> {
    const listed = new Map<string, boolean>();
    for (const line of textOf(this.#list).split("\n")) {
      const [, tombstone, how] = LINE.exec(line) ?? [];
      if (tombstone !== undefined) listed.set(tombstone, how === "withdraw");
    }
    return listed;
  }

  #append(lines: readonly string[]): void {
    if (lines.length === 0) return;
    // A line that a crash cut off must not swallow the next one.
    appendFileSync(this.#list, `\n${lines.join("\n")}\n`, { mode: OWNER_ONLY });
    const descriptor = openSync(this.#list, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    syncFolder(dirname(this.#list));
  }
}

function lineOf(tombstone: string, withdraw: boolean): string {
  return `${tombstone} ${withdraw ? "withdraw" : "keep"}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
