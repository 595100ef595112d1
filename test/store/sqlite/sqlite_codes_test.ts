import { test } from "uvu";
import * as assert from "uvu/assert";
import { codeName } from "../../../src/store/sqlite/sqlite_codes.ts";

test("codeName() names primary and extended codes like SQLite's page of result codes", () => {
  const named: readonly (readonly [number, string])[] = [
    [1, "SQLITE_ERROR"],
    [5, "SQLITE_BUSY"],
    [261, "SQLITE_BUSY_RECOVERY"],
    [13, "SQLITE_FULL"],
    [11, "SQLITE_CORRUPT"],
    [779, "SQLITE_CORRUPT_INDEX"],
    [26, "SQLITE_NOTADB"],
    [266, "SQLITE_IOERR_READ"],
    [1_034, "SQLITE_IOERR_FSYNC"],
    [4_618, "SQLITE_IOERR_SHMOPEN"],
    [8_714, "SQLITE_IOERR_IN_PAGE"],
    [1_544, "SQLITE_READONLY_DIRECTORY"],
    [1_550, "SQLITE_CANTOPEN_SYMLINK"],
    [516, "SQLITE_ABORT_ROLLBACK"],
    [3_091, "SQLITE_CONSTRAINT_DATATYPE"],
  ];
  for (const [code, name] of named) assert.is(codeName(code), name);
});

test("codeName() keeps the number of an unknown code, as a newer SQLite may have", () => {
  assert.is(codeName(99), "SQLITE_99");
  assert.is(codeName((0xff << 8) | 5), "SQLITE_BUSY_255");
});

test.run();
