/**
 * docs/GLOSSARY.md against the source: every name it gives is there, and every term is there once.
 */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";

const rows = readFileSync("docs/GLOSSARY.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| **"))
  .map((line) => line.split("|").map((cell) => cell.trim()));
const source = ["src", "commands", "proto"].flatMap(filesOf).join("\n");

test("every name of the glossary is in the source", () => {
  assert.ok(rows.length > 40);
  for (const [, term = "", , names = ""] of rows) {
    const found = [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    assert.ok(found.length > 0, `${term} has a name in the code`);
    for (const name of found) assert.ok(isInSource(name), `${name} of ${term}`);
  }
});

test("every term of the glossary appears once", () => {
  const terms = rows.flatMap(([, cell = ""]) =>
    [...cell.matchAll(/\*\*(.+?)\*\*/g)].map(([, t]) => t),
  );
  assert.is(new Set(terms).size, terms.length);
});

/** As a word; a name of a file as the file, or as text that a store puts together. */
function isInSource(name: string): boolean {
  if (name.endsWith(".sqlite")) return source.includes(`name: "${name.replace(".sqlite", "")}"`);
  return new RegExp(`(?<![\\w.])#?${name.replaceAll(".", "\\.")}(?!\\w)`).test(source);
}

/** The paths and the texts of a folder. */
function filesOf(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(?:ts|proto)$/.test(path) && !path.startsWith("rpc/gen"))
    .map((path) => `${folder}/${path}`);
  return paths.flatMap((path) => [` ${path.replace(/^.*\//, "")} `, readFileSync(path, "utf8")]);
}

test.run();
