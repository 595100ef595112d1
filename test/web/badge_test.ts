/** The picture of a count: it is well formed whatever its label says. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BADGE_LABEL_CHARS_MAX } from "../../src/limits.ts";
import { servingPages } from "./pages_fixture.ts";
import type { ServedPages } from "./pages_fixture.ts";

/** What XML 1.0 allows of the text between tags, and of values. */
const XML = /^[\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const MARKUP = /<\/?[a-z]+(?: [a-zA-Z-]+="[^"<&]*(?:&#\d+;[^"<&]*)*")*\/?>/g;

test("badge.svg shows the likes, and caches may keep it", async () => {
  await using pages = await servingPages();
  pages.source.give("blog/a", 1_234_567n);
  const { status, fields, text } = await pages.ask("GET", "/v1/blog/likes/a/badge.svg");
  assert.is(status, 200);
  assert.is(fields["content-type"], "image/svg+xml; charset=utf-8");
  assert.is(
    fields["cache-control"],
    "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
  );
  assert.equal([fields["likes-as-of"], fields["likes-status"]], ["1000", "converged"]);
  assert.match(text, 'aria-label="likes: 1,234,567"');
  assert.match(text, ">1,234,567</text>");
});

test("badge.svg shows a dash for unknown likes, which no cache keeps", async () => {
  await using pages = await servingPages();
  pages.source.isKnown = false;
  const unknown = await pages.ask("GET", "/v1/blog/likes/a/badge.svg");
  pages.source.refusal = "count_unknown";
  const refused = await pages.ask("GET", "/v1/blog/likes/a/badge.svg");
  for (const { status, fields, text } of [unknown, refused]) {
    assert.is(status, 200, "a page shows no broken picture");
    assert.match(text, ">–</text>");
    assert.is(fields["cache-control"], "no-store");
  }
});

test("badge.svg escapes its label, and is well formed with any", async () => {
  await using pages = await servingPages();
  const escaped = await badge(pages, `"><script>alert('a')</script>&amp;`);
  assert.match(escaped, ">&#34;&#62;&#60;script&#62;alert(&#39;a&#39;)&#60;/script&#62;&#38;amp;<");
  for (const code of [0, 1, 0x7f, 0x85, 0xfffe, 0xffff, 0x1f600, 0x1fffe]) {
    await badge(pages, `a${String.fromCodePoint(code)}b`);
  }
  await badge(pages, "%");
  const long = await badge(pages, "🌍".repeat(BADGE_LABEL_CHARS_MAX + 1));
  assert.match(long, `>${"🌍".repeat(BADGE_LABEL_CHARS_MAX)}</text>`);
});

test.run();

/** Returns the picture with a label. It has to be well formed. */
async function badge(pages: ServedPages, label: string): Promise<string> {
  const query = new URLSearchParams({ label }).toString();
  const { text } = await pages.ask("GET", `/v1/blog/likes/a/badge.svg?${query}`);
  assert.match(text, XML);
  assert.not.match(text.replaceAll(MARKUP, ""), /[<>]/, "only markup has brackets");
  assert.not.match(text.replaceAll(/&#\d+;/g, ""), "&");
  return text;
}
