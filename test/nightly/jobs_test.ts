import { test } from "uvu";
import * as assert from "uvu/assert";
import { jobsOf, partOf } from "./jobs.ts";

const FILES = Array.from({ length: 10 }, (_, index) => `test/${index}_test.ts`);

test("jobsOf() runs every long file and each kind of check when no part is named", () => {
  const jobs = jobsOf(FILES);
  assert.equal(jobs[0], { type: "tests", name: "long tests", files: FILES });
  assert.equal(
    jobs.slice(1).map(({ name }) => name),
    ["simulator", "mutants", "coverage", "matrix"],
  );
});

test("jobsOf() covers every file, Node and part of the mutants over all parts", () => {
  const names = new Set<string>();
  const files = new Set<string>();
  for (let part = 0; part < 12; part++) {
    for (const job of jobsOf(FILES, part)) {
      names.add(job.name);
      if (job.type !== "tests") continue;
      assert.ok(job.files.length >= 3 && job.files.length <= 4, job.files.join());
      for (const file of job.files) files.add(file);
    }
  }
  assert.is(files.size, FILES.length);
  for (const node of ["20", "22", "24", "newest"]) assert.ok(names.has(`node ${node}`), node);
  for (let shard = 1; shard <= 12; shard++) assert.ok(names.has(`mutants ${shard}/12`));
});

test("partOf() differs between commits, and is stable for one commit", () => {
  const parts = Array.from({ length: 100 }, (_, index) => partOf(`commit ${index}`));
  assert.is(new Set(parts).size, parts.length);
  assert.is(partOf("commit 1"), parts[1]);
});

test.run();
