import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pageText } from "./page_text.ts";

const PAGE = pageText("docs/ARCHITECTURE.md");
const IMPORT = /(?:from|import\()\s*"(\.[^"]+)"/g;

test("the picture of ARCHITECTURE.md has every part of the source, and each arrow is an import", () => {
  const imports = importsBySource();
  const parts = new Set([...imports].flatMap(([from, to]) => [from, ...to]));
  const drawn = [...PAGE.matchAll(/^ +(\w+)\["/gm)].map(([, name = ""]) => name);
  assert.equal(drawn.toSorted(), [...parts].toSorted());
  for (const [from, to] of arrows()) {
    for (const part of to) assert.ok(imports.get(from)?.has(part), `${from} imports no ${part}`);
  }
});

test("every import of the source follows the arrows of ARCHITECTURE.md", () => {
  const drawn = arrows();
  for (const [from, to] of importsBySource()) {
    const reached = reachedFrom(from, drawn);
    for (const part of to) assert.ok(reached.has(part), `no arrow leads from ${from} to ${part}`);
  }
});

test("every file that the path of a like names is there", () => {
  const [, path = ""] = PAGE.split("## The path of one like");
  const names = [...path.matchAll(/`((?:[\w/]+\/)?[a-z_]+\.ts)`/g)].map(([, name = ""]) => name);
  const files = ["src", "commands", "test"].flatMap(filesIn);
  assert.ok(names.length > 12);
  for (const name of names) {
    const isThere = files.some((file) => file === name || file.endsWith(`/${name}`));
    assert.ok(isThere, name);
  }
});

test.run();

/** The parts that each part imports. What stands in `src/` itself is no part. */
function importsBySource(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of ["src", "commands"].flatMap(filesIn)) {
    const from = partOf(file);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      const to = partOf(join(dirname(file), path));
      if (from === undefined || to === undefined || from === to) continue;
      found.set(from, (found.get(from) ?? new Set()).add(to));
    }
  }
  return found;
}

function filesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => `${folder}/${file}`);
}

function partOf(file: string): string | undefined {
  const [top, folder, inner] = file.split("/");
  if (top === "commands") return top;
  return folder === "core" ? inner : folder?.endsWith(".ts") ? undefined : folder;
}

function arrows(): ReadonlyMap<string, readonly string[]> {
  const lines = PAGE.matchAll(/^ +(\w+) --> ([\w &]+)$/gm);
  return new Map([...lines].map(([, from = "", to = ""]) => [from, to.split(" & ")]));
}

function reachedFrom(from: string, drawn: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const visit = (part: string): void => {
    for (const next of drawn.get(part) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      visit(next);
    }
  };
  visit(from);
  return reached;
}
