/** Holds the register of bounds to the source and to the tests that it names. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as limits from "../src/limits.ts";
import { REACHED } from "./bounds.ts";
import { LOCAL, NO_BOUND } from "./unbounded.ts";

const NUMBER =
  /^(?:export )?const ([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:MAX|MIN|MS|BYTES|MB|DEFAULT))\b/gm;
const ASSERTS = /\bassert\.|\bexpect[A-Z]\w*\(|\bfaultOf\(/;
const names = Object.keys(limits).toSorted();

test("REACHED and NO_BOUND name every limit once, and none that is no more", () => {
  const named = [...REACHED.flatMap((one) => one.limits), ...Object.keys(NO_BOUND)].toSorted();
  assert.equal(
    names.filter((name) => !named.includes(name)),
    [],
    "limits without a test that reaches them",
  );
  assert.equal(
    named.filter((name, index) => !names.includes(name) || named[index + 1] === name),
    [],
    "limits that are no more, or are named twice",
  );
});

test("REACHED names tests that are there and use the limit", async () => {
  const wrong: string[] = [];
  for (const { limits: reached, file, test: title, as } of REACHED) {
    const text = await readFile(file, "utf8").catch(() => "");
    const body = bodyOf(text, title);
    if (body === undefined) wrong.push(`${file}: there is no test "${title}"`);
    for (const limit of reached) {
      if (!text.includes(as ?? limit)) wrong.push(`${file}: does not use ${as ?? limit}`);
    }
    if (body !== undefined && !ASSERTS.test(body))
      wrong.push(`${file}: "${title}" asserts nothing`);
  }
  assert.equal(wrong, []);
});

test("LOCAL names every bound that stands elsewhere, and none that is no more", async () => {
  const found: string[] = [];
  for (const path of [...(await sources("src")), ...(await sources("commands"))]) {
    if (path === join("src", "limits.ts")) continue;
    const text = await readFile(path, "utf8");
    for (const [, name] of text.matchAll(NUMBER)) found.push(`${path} ${name}`);
  }
  const named = Object.keys(LOCAL);
  assert.ok(found.length > 10, "it looks where they are");
  assert.equal(
    found.filter((one) => !named.includes(one)),
    [],
    "bounds that belong in src/limits.ts, or here with the reason",
  );
  assert.equal(
    named.filter((one) => !found.includes(one)),
    [],
    "bounds that are no more",
  );
});

/** The text of a test, from its name to the next test; undefined when there is none of this name. */
function bodyOf(text: string, title: string): string | undefined {
  const start = text.indexOf(`test("${title}"`);
  if (start === -1) return undefined;
  const end = text.indexOf("\ntest", start + 1);
  return text.slice(start, end === -1 ? undefined : end);
}

async function sources(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true });
  return found
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(".ts") && !path.includes(join("rpc", "gen")));
}

test.run();
