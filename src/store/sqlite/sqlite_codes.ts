/** Names of SQLite's result codes, for people to look up: https://www.sqlite.org/rescode.html. */

/** The names of the primary codes, from 0 on. */
const NAMES = words(
  "OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL " +
    "CANTOPEN PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB",
);

/** The names of a primary code's extended codes, whose upper bits are 1, 2 and so on. */
const EXTENSIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ["ERROR", words("MISSING_COLLSEQ RETRY SNAPSHOT RESERVESIZE KEY UNABLE")],
  ["ABORT", words("1 ROLLBACK")],
  ["BUSY", words("RECOVERY SNAPSHOT TIMEOUT")],
  ["LOCKED", words("SHAREDCACHE VTAB")],
  ["READONLY", words("RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY")],
  [
    "IOERR",
    words(
      "READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED NOMEM " +
        "ACCESS CHECKRESERVEDLOCK LOCK CLOSE DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK " +
        "DELETE_NOENT MMAP GETTEMPPATH CONVPATH VNODE AUTH BEGIN_ATOMIC COMMIT_ATOMIC " +
        "ROLLBACK_ATOMIC DATA CORRUPTFS IN_PAGE BADKEY CODEC",
    ),
  ],
  ["CORRUPT", words("VTAB SEQUENCE INDEX")],
  ["CANTOPEN", words("NOTEMPDIR ISDIR FULLPATH CONVPATH DIRTYWAL SYMLINK")],
  [
    "CONSTRAINT",
    words(
      "CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED " +
        "DATATYPE",
    ),
  ],
]);

/** Returns the name of a primary or extended code, such as `SQLITE_IOERR_READ`. */
export function codeName(code: number): string {
  const name = NAMES[code & 0xff];
  if (name === undefined) return `SQLITE_${code}`;
  const extension = code >> 8;
  if (extension === 0) return `SQLITE_${name}`;
  return `SQLITE_${name}_${EXTENSIONS.get(name)?.[extension - 1] ?? extension}`;
}

function words(text: string): readonly string[] {
  return text.split(" ");
}
