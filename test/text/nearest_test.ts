import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../commands/mod.ts";
import { suggestionFor } from "../../src/text/nearest.ts";

const WORDS = Object.keys(COMMANDS);

test("suggestionFor() names the nearest word when a letter or two are wrong", () => {
  const typed = [
    ["statsu", "status"],
    ["start_primary", "start-primary"],
    ["start-like", "start-likes"],
    ["ad", "add"],
    ["complete", "completion"],
    ["retrie", "retire"],
    ["orhcestrate", "orchestrate"],
  ] as const;
  for (const [word, near] of typed)
    assert.is(suggestionFor(word, WORDS), `; did you mean ${near}?`, word);
});

test("suggestionFor() is empty when no word is near", () => {
  for (const word of ["", "x", "nonsense", "start", "list", "-", "a".repeat(100)]) {
    assert.is(suggestionFor(word, WORDS), "", word);
  }
});

test.run();
