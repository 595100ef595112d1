import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../commands/mod.ts";
import { meant } from "../../src/text/nearest.ts";

const WORDS = Object.keys(COMMANDS);

test("meant() names the word that is nearest when a letter or two are wrong", () => {
  const typed = [
    ["statsu", "status"],
    ["start_primary", "start-primary"],
    ["start-like", "start-likes"],
    ["ad", "add"],
    ["complete", "completion"],
    ["retrie", "retire"],
    ["orhcestrate", "orchestrate"],
  ] as const;
  for (const [word, near] of typed) assert.is(meant(word, WORDS), `; did you mean ${near}?`, word);
});

test("meant() names nothing when no word is near", () => {
  for (const word of ["", "x", "nonsense", "start", "list", "-", "a".repeat(100)]) {
    assert.is(meant(word, WORDS), "", word);
  }
});

test.run();
