import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileOf, findFiles, runsOf } from "./find_files.ts";

const ROOT = process.cwd();
const FIXTURES = "test/runner/fixtures";

test("findFiles() skips fixtures", async () => {
  const paths = (await findFiles(ROOT, "test", [])).map(({ path }) => path);
  assert.ok(paths.includes("test/runner/find_files_test.ts"));
  assert.not.ok(paths.some((path) => path.includes("fixtures") || !path.endsWith("_test.ts")));
});

test("findFiles() returns the files that match the filters", async () => {
  const found = await findFiles(ROOT, FIXTURES, ["broken/no_", "/passing/"]);
  const paths = found.map(({ path }) => path.slice(FIXTURES.length));
  assert.equal(paths, ["/broken/no_tests_test.ts", "/passing/passing_test.ts"]);
  assert.equal(await findFiles(ROOT, FIXTURES, ["no such file"]), []);
});

test("fileOf() recognizes nightly files by the marker at their start", () => {
  const marked = fileOf("test/a_test.ts", "/** Why. */\n// nightly because it takes minutes\n");
  assert.equal([marked.isNightly, marked.hasExtent], [true, false]);
  assert.not(fileOf("test/a_test.ts", "// nightly\n").isNightly, "a marker has a reason");
  const late = `${"\n".repeat(30)}// nightly because it takes minutes\n`;
  assert.not(fileOf("test/a_test.ts", late).isNightly);
  assert.ok(fileOf("a", 'import { extent } from "../fixtures/extent.ts";\n').hasExtent);
});

test("runsOf() puts unit tests of a folder together, before files that run alone", () => {
  const files = ["test/core/a_test.ts", "test/core/b_test.ts", "test/integration/c_test.ts"];
  const runs = runsOf([...files, "test/d_test.ts"].map((path) => fileOf(path, "")));
  assert.equal(runs, [
    { name: "test/core", paths: ["test/core/a_test.ts", "test/core/b_test.ts"] },
    { name: "test/d_test.ts", paths: ["test/d_test.ts"] },
    { name: "test/integration/c_test.ts", paths: ["test/integration/c_test.ts"] },
  ]);
});

test.run();
