import { test } from "uvu";
import * as assert from "uvu/assert";
import { badChangelog, badDecisions, deadLinks, untoldVariables } from "./tidy_documents.ts";

const CHANGELOG = "# Changelog\n\nWords.\n\n## Unreleased\n\n### Added\n\n- A thing.\n";

test("badChangelog() is empty when versions hold kinds of change", () => {
  assert.equal(badChangelog(CHANGELOG), []);
  assert.equal(
    badChangelog(`${CHANGELOG}\n## 1.2.3 - 2026-01-02\n\n### Fixed\n\n- Another.\n`),
    [],
  );
});

test("badChangelog() names a line when it is out of form", () => {
  const wrong = ["## 1.2", "## 1.2.3", "### New", "## Unreleased\n\n- Of no kind."];
  for (const line of wrong) assert.is(badChangelog(`${CHANGELOG}\n${line}\n`).length, 1, line);
  assert.is(badChangelog(CHANGELOG.replace("# Changelog", "# Changes")).length, 1);
});

test("badDecisions() is empty when decisions are numbered and dated", () => {
  const first = { path: "docs/adr/0001-a.md", text: "# 1. A\n\nAccepted, 2026-01-02.\n" };
  const next = {
    path: "docs/adr/0002-b-c.md",
    text: "# 2. B\n\nSuperseded by 0003, 2026-01-02.\n",
  };
  assert.equal(badDecisions([first, next]), []);
});

test("badDecisions() names a decision when its number, status or date is missing", () => {
  const good = { path: "docs/adr/0001-a.md", text: "# 1. A\n\nAccepted, 2026-01-02.\n" };
  const wrong = [
    { ...good, path: "docs/adr/0002-a.md" },
    { ...good, text: good.text.replace("1.", "2.") },
    { ...good, text: good.text.replace("Accepted", "Fine") },
    { ...good, text: good.text.replace(", 2026-01-02", "") },
  ];
  for (const one of wrong) assert.is(badDecisions([one]).length, 1, JSON.stringify(one));
});

test("untoldVariables() names a variable when no page does", () => {
  const codes = ['process.env["A_B"]', 'env["C"]'];
  assert.equal(untoldVariables(codes, "Set A_B."), []);
  assert.is(untoldVariables(codes, "Set nothing.").length, 1);
});

test("deadLinks() names a link or a path when nothing is there", () => {
  const paths = new Set(["README.md", "docs/DESIGN.md", "src/core/a.ts"]);
  const page = (text: string) => ({ path: "docs/DESIGN.md", text });
  const right = ["[a](../README.md)", "[a](../README.md#b)", "[a](#b)", "[a](https://a.org/b)"];
  for (const text of [...right, "`src/core/`", "`src/core/a.ts`", "`likes/a`"]) {
    assert.equal(deadLinks(page(text), paths), [], text);
  }
  for (const text of ["[a](README.md)", "[a](b.md#c)", "`src/b/`", "`src/core/b.ts`"]) {
    assert.is(deadLinks(page(text), paths).length, 1, text);
  }
});

test.run();
