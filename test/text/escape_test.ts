import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { columnsMax, escapeText, fitText, quote, shellWord } from "../../src/text/escape.ts";

/** A joined emoji of three, and a flag with tags. */
const FAMILY = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}";
const ENGLAND = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
const EMOJI = new RegExp("\\p{RGI_Emoji}", "gv");

test("escapeText() returns the text itself when all of it is visible", () => {
  for (const text of ["", "video", "a b", "日本語", "é", "👍", "a\\b", "100 %"]) {
    assert.is(escapeText(text), text);
  }
  for (const text of [FAMILY, ENGLAND, `a${FAMILY}b👍🏽 ❤️`]) assert.is(escapeText(text), text);
});

test("escapeText() writes codes when a terminal would obey or hide characters", () => {
  assert.is(escapeText("a\u001b[2Jb"), "a\\u{1b}[2Jb");
  assert.is(escapeText("a\nb\r\tc\u0000"), "a\\u{0a}b\\u{0d}\\u{09}c\\u{00}");
  assert.is(escapeText("\u202e5\u2066\u200f"), "\\u{202e}5\\u{2066}\\u{200f}");
  assert.is(escapeText("\u200b\ufeff\u2028\u009b"), "\\u{200b}\\u{feff}\\u{2028}\\u{9b}");
  assert.is(escapeText("\ud800"), "\\u{d800}");
  assert.is(escapeText(`a\u200db${FAMILY}\u200d`), `a\\u{200d}b${FAMILY}\\u{200d}`);
  assert.is(escapeText("a\u{e0067}👍\u202e"), "a\\u{e0067}👍\\u{202e}");
  assert.is(escapeText("a\u00a0b\u3000\u3164"), "a\\u{a0}b\\u{3000}\\u{3164}");
});

test("escapeText() leaves no control or format character in any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const escaped = escapeText(text);
      const others = escaped.replaceAll(EMOJI, "");
      return !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(others) && escapeText(escaped) === escaped;
    }),
  );
});

test("fitText() returns at most `columns` for any text", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 0, max: 30 }),
      (text, columns) => {
        return columnsMax(fitText(text, columns)) <= columns;
      },
    ),
  );
});

test("fitText() marks the cut when the text is too long", () => {
  assert.is(fitText("likes-server-0", 20), "likes-server-0");
  assert.is(fitText("likes-server-0", 6), "likes…");
  assert.is(fitText("日本語", 4), "日…");
  assert.is(fitText(`a${FAMILY}${FAMILY}`, 9), `a${FAMILY}…`, "an emoji is cut as a whole");
  assert.is(fitText("ab", 1), "…");
  assert.is(fitText("ab", 0), "");
});

test("quote() shortens and escapes when the text is long or harmful", () => {
  assert.is(quote("5x"), '"5x"');
  assert.is(quote("\u0007"), '"\\u{07}"');
  assert.is(quote("a".repeat(1_000)).length, 102);
});

test("shellWord() quotes text when it has characters special to a shell", () => {
  assert.is(shellWord("counts/1/item_id/ab/video"), "counts/1/item_id/ab/video");
  assert.is(shellWord("a b"), "'a b'");
  assert.is(shellWord("it's $HOME"), `'it'\\''s $HOME'`);
  assert.is(shellWord(""), "''");
});

test.run();
