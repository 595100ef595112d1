/** Checks the pages against each other and against the source. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TROUBLE_KINDS } from "../../src/core/protocol/messages.ts";
import { EXIT, FAULTS } from "../../src/errors.ts";
import * as limits from "../../src/limits.ts";
import { PROBLEMS } from "../../src/web/problem.ts";
import { COMMANDS } from "../../commands/mod.ts";
import { PAGES, pageText, rowsUnder, shellLines } from "./page_text.ts";

const NAMED_PATH = /`((?:src|commands|test|docs|proto|bench|tools)\/[\w./-]+)`/g;

test("PAGES link to existing files and headings", () => {
  let links = 0;
  for (const path of PAGES) {
    for (const [, href = ""] of pageText(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(href)) continue;
      const [file = "", anchor] = href.split("#");
      const target = file === "" ? path : join(dirname(path), file);
      assert.ok(existsSync(target), `${path} links to ${href}`);
      if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), `${path}: ${href}`);
      links++;
    }
  }
  assert.ok(links > 20);
});

test("PAGES name existing files and folders", () => {
  for (const path of PAGES) {
    for (const [, named = ""] of pageText(path).matchAll(NAMED_PATH)) {
      assert.ok(existsSync(named), `${path} names ${named}`);
    }
  }
});

test("PAGES show existing commands and flags", () => {
  let found = 0;
  for (const path of PAGES) {
    const lines = [...shellLines(pageText(path)), ...pageText(path).split(/(?=ExecStart=)/)];
    for (const line of lines) {
      const [, id = "", rest = ""] =
        /^(?:ExecStart=\S*\/)?(?:npx )?likes ([a-z-]+)([^|;)\n]*)/.exec(line) ?? [];
      if (id === "") continue;
      const command = Object.entries(COMMANDS).find(([name]) => name === id)?.[1];
      assert.ok(command !== undefined, `${path}: likes ${id}`);
      for (const [, flag = ""] of rest.matchAll(/ --([a-z-]+)/g)) {
        assert.ok(flag === "json" || flag in command.flags, `${path}: likes ${id} --${flag}`);
      }
      found++;
    }
  }
  assert.ok(found > 15);
});

test("TROUBLE_KINDS are those of docs/OPERATING.md", () => {
  const rows = rowsUnder(pageText("docs/OPERATING.md"), "What you see, and what to do");
  assert.equal(
    rows.slice(0, TROUBLE_KINDS.length).map(([kind]) => kind),
    TROUBLE_KINDS.map((kind) => `\`${kind}\``),
  );
});

test("FAULTS are those of docs/OPERATING.md", () => {
  const rows = rowsUnder(pageText("docs/OPERATING.md"), "Errors");
  const told = rows.map(([name, status, exit]) => [name, status, exit]);
  const found = Object.entries(FAULTS).map(([name, { status, exit }]) => {
    return [`\`${name}\``, `\`${status}\``, String(exit)];
  });
  assert.equal(told, found);
});

test("PROBLEMS are those of docs/HTTP.md, with their statuses", () => {
  const rows = rowsUnder(pageText("docs/HTTP.md"), "Problems");
  assert.equal(
    rows.map(([name, status]) => [name, Number(status)]),
    Object.entries(PROBLEMS).map(([name, { status }]) => [`\`${name}\``, status]),
  );
});

test("docs/COMMANDS.md has every command, as npm run docs writes it", () => {
  const told = [...pageText("docs/COMMANDS.md").matchAll(/^## `likes ([a-z-]+)/gm)].map(
    ([, id]) => id,
  );
  assert.equal(told, Object.keys(COMMANDS).toSorted());
});

test("EXIT matches the pages' tables of exit codes", () => {
  for (const path of ["README.md", "docs/COMMANDS.md"]) {
    const codes = [...pageText(path).matchAll(/^\| (\d+) \| .+ \|$/gm)].map(([, code]) =>
      Number(code),
    );
    assert.equal(codes, Object.values(EXIT), path);
  }
});

test("OUTBOX_BYTES_MAX and other limits have their values in docs/OPERATING.md", () => {
  const rows = rowsUnder(pageText("docs/OPERATING.md"), "Bounds and capacity");
  assert.ok(rows.length > 4);
  const values = limits as Readonly<Record<string, number | bigint>>;
  for (const [name = "", value = ""] of rows) {
    assert.is(Number(value.split(" ", 1)[0]), values[name.replaceAll("`", "")], name);
  }
});

test("SECURITY.md names existing files and limits", () => {
  const page = pageText("SECURITY.md");
  for (const [, name = ""] of page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)) {
    assert.ok(name in limits, name);
  }
  const paths = [...page.matchAll(/`((?:src|commands)\/[^`]+)`/g)];
  assert.ok(paths.length > 10);
  for (const [, path = ""] of paths) assert.ok(existsSync(path), path);
});

test("README.md names the Nodes that package.json supports", () => {
  const { engines } = JSON.parse(pageText("package.json")) as { engines: { node: string } };
  const majors = [...engines.node.matchAll(/\^(\d+)/g)].map(([, major]) => major);
  const names = `${majors.slice(0, -1).join(", ")} and ${majors.at(-1)}`;
  assert.match(pageText("README.md"), `Node ${names}`);
});

/** Returns the anchors of a page's headings, as the web makes them. */
function anchorsOf(path: string): string[] {
  return [...pageText(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    return heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-");
  });
}

test.run();
