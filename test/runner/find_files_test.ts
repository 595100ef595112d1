import { test } from "uvu";
import * as assert from "uvu/assert";
import { INTEGRATION_LIMIT_MS, UNIT_LIMIT_MS } from "./expected.ts";
import { findFiles, limitOf } from "./find_files.ts";

const ROOT = process.cwd();
const FIXTURES = "test/runner/fixtures";

test("findFiles() leaves fixtures out when it looks for tests", async () => {
  const paths = (await findFiles(ROOT, "test", [])).map(({ path }) => path);
  assert.ok(paths.includes("test/runner/find_files_test.ts"));
  assert.not.ok(paths.some((path) => path.includes("fixtures") || !path.endsWith("_test.ts")));
});

test("findFiles() gives the files that match when there are filters", async () => {
  const found = await findFiles(ROOT, FIXTURES, ["broken/no_", "/passing/"]);
  const paths = found.map(({ path }) => path.slice(FIXTURES.length));
  assert.equal(paths, ["/broken/no_tests_test.ts", "/passing/passing_test.ts"]);
  assert.equal(await findFiles(ROOT, FIXTURES, ["no such file"]), []);
});

test("limitOf() gives the limit of the folder when the file says nothing", () => {
  assert.is(limitOf("test/core/a_test.ts", ""), UNIT_LIMIT_MS);
  assert.is(limitOf("test/integration/a_test.ts", "// no limit"), INTEGRATION_LIMIT_MS);
});

test("limitOf() gives the file's own limit when its first lines name one", () => {
  assert.is(limitOf("test/integration/a_test.ts", "/** Why. */\n// limit: 240 s\n"), 240_000);
  const late = `${"\n".repeat(30)}// limit: 240 s\n`;
  assert.is(limitOf("test/a_test.ts", late), UNIT_LIMIT_MS);
});

test.run();
