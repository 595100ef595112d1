/** Checks docs/PROTOCOL.md against the code: its example, limits, faults and troubles. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TROUBLE_KINDS } from "../../src/core/protocol/messages.ts";
import { origin } from "../../src/core/protocol/record.ts";
import { FAULTS } from "../../src/errors.ts";
import type { FaultCode } from "../../src/errors.ts";
import * as limits from "../../src/limits.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { idFrom } from "../store/faults.ts";
import { pageText, rowsUnder } from "./page_text.ts";

const page = pageText("docs/PROTOCOL.md");

test("recordCodec yields the digests of the example in docs/PROTOCOL.md", () => {
  const [, incarnation = ""] = /^Incarnation `([0-9a-f]{32})`/m.exec(page) ?? [];
  const rows = rowsUnder(page, "Worked example");
  assert.is(rows.length, 3);
  let { digest } = origin(idFrom(incarnation));
  let sequence = 1;
  for (const [first, events = "", bytes = "", after] of rows) {
    const named = [...events.matchAll(/`(.+?)` \+(\d+)/g)].map(([, itemId = "", likes = ""]) => {
      return { itemId, change: { kind: "add", likes: BigInt(likes) } } as const;
    });
    const encoded = Buffer.concat(named.map((event) => recordCodec.encode(event)));
    assert.is(`\`${encoded.toString("hex")}\``, bytes);
    assert.equal(recordCodec.decode(encoded), named);
    assert.is(first, `${sequence}`);
    digest = recordCodec.digest(digest, sequence, encoded);
    assert.is(after, `\`${digest}\``);
    sequence += named.length;
  }
  assert.match(page, `last sequence ${sequence - 1},`);
});

test("MEMBER_SILENT_MS and other limits have their values in docs/PROTOCOL.md", () => {
  const values = limits as Readonly<Record<string, number | bigint>>;
  const told = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)` \((\d+)\)/g)];
  for (const [, name = "", value] of told) assert.is(value, String(values[name]), name);
  const listed = told.map(([, name = ""]) => name);
  assert.is(new Set(listed).size, listed.length);
  const named = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name = ""]) => name);
  const statuses = new Set<string>(Object.values(FAULTS).map(({ status }) => status));
  const bounds = named.filter((name) => !statuses.has(name) && !name.startsWith("CATCHING"));
  for (const name of bounds) assert.ok(listed.includes(name), `${name} has its value`);
  assert.ok(listed.length > 15);
});

test("FAULTS has the statuses of docs/PROTOCOL.md", () => {
  const rows = rowsUnder(page, "Failures");
  assert.ok(rows.length > 5);
  for (const [status, fault = ""] of rows) {
    const code = fault.replaceAll("`", "") as FaultCode;
    assert.is(status, `\`${FAULTS[code]?.status}\``, fault);
  }
});

test("TROUBLE_KINDS are those of docs/PROTOCOL.md", () => {
  const told = rowsUnder(page, "Trouble").map(([kind = ""]) => kind.replaceAll("`", ""));
  assert.equal(told, [...TROUBLE_KINDS]);
});

test.run();
