/** What is done to valid requests, by seed. */
import { BODY_BYTES_MAX } from "../../src/limits.ts";
import { pick } from "../fixtures/mutation.ts";
import type { Random } from "../fixtures/mutation.ts";
import { cookieName } from "../../src/web/persons.ts";
import { withBody } from "./valid_requests.ts";
import type { Persons, RawParts } from "./valid_requests.ts";

const COOKIE = cookieName("blog");

type Mutation = (parts: RawParts, random: Random, persons: Persons) => RawParts;

const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PATCH",
  "BREW",
  "get",
];
const VERSIONS = [
  "HTTP/1.0",
  "HTTP/0.9",
  "HTTP/1.2",
  "HTTP/2.0",
  "HTTP/1.1 ",
  "http/1.1",
  "HTTP/1.",
  "",
];
/** Pieces of paths, as they are and in escapes. */
const PIECES = [
  ..."/ // . .. /../ ; ? # & = \\ : @ ~ * + |".split(" "),
  ..."%2F %2f %5C %00 %0a %0d%0a %20 %7f %2e%2e %2E%2E%2F %25 %252F %25252e %3F %23 %3b".split(" "),
  ..."%C0%AF %c0%80 %E0%80%AF %F8%88%80%80%80 %ed%a0%80 %ff %C3 %EF%BF%BD %e2%80%ae %ef%bb%bf".split(
    " ",
  ),
  ..."%  %2 %zz %u002f \xff \xc3\xa9 \x00 \t __proto__ constructor v1 blog shop me likes".split(
    " ",
  ),
];
const TARGETS = [
  "*",
  "/",
  "",
  "//",
  "http://evil.example/v1/blog/me",
  "ftp://x/",
  "x:80",
  "/v1/blog/likes/../me",
];
const HOST = ["Host", "localhost"] as const;
const FIELD_LINES: readonly (readonly [string, string])[] = [
  ["X-Forwarded-For", "127.0.0.9, 10.0.0.1"],
  ["X-Forwarded-For", ",,,\x7f,::1%eth0"],
  ["Forwarded", "for=127.0.0.9"],
  ["X-HTTP-Method-Override", "DELETE"],
  ["Host", "evil.example"],
  ["Host", "a b\t[::"],
  ["Expect", "100-continue"],
  ["Expect", "200-ok"],
  ["Upgrade", "h2c"],
  ["Connection", "Upgrade, HTTP2-Settings"],
  ["Connection", "close, content-length"],
  ["Origin", "https://evil.example"],
  ["Origin", "null"],
  ["Sec-Fetch-Site", "cross-site"],
  ["Content-Encoding", "gzip"],
  ["Content-Type", "application/json; charset=utf-16"],
  ["Content-Type", "multipart/form-data; boundary=x"],
  ["Content-Type", 'text/plain; charset="utf-8'],
  ["If-None-Match", `W/"${"a".repeat(5_000)}"`],
  ["Range", "bytes=0-1,2-3"],
  ["Accept", "*/*;q=\x01"],
  ["Idempotency-Key", '"0/0"'],
  ["Idempotency-Key", `"${"f".repeat(32)}/9007199254740993"`],
  ["Cookie", `${COOKIE}=%ff%; ${COOKIE}=x`],
  ["Cookie", "a=b; ".repeat(8_000)],
  ["__proto__", "x"],
  ["", "x"],
  ["A b", "x"],
  ["X", "a\r\n folded"],
  ["X", "a\nInjected: b"],
  ["X", "a\rb"],
  ["X\0", "\0"],
];
/** Lengths and codings that say two things. */
const FRAMINGS: readonly (readonly [string, string])[] = [
  ..."0 1 -1 +5 5,5 0x5 1e1 99999999999999999999 65536 65537".split(" ").map(lengthOf),
  ...["", " 5", "5 ", "5\r\n 5"].map(lengthOf),
  ["Transfer-Encoding", "chunked"],
  ["Transfer-Encoding", "identity"],
  ["Transfer-Encoding", "chunked, identity"],
  ["Transfer-Encoding", "gzip, chunked"],
  ["Transfer-Encoding", "xchunked"],
  ["Transfer-Encoding", "\x0bchunked"],
  ["Transfer-Encoding", "chunked\r\nTransfer-Encoding: x"],
  ["Transfer-Encoding ", "chunked"],
  ["Transfer_Encoding", "chunked"],
];
const SIZES = [
  "0",
  "-1",
  "zz",
  "",
  "5;ext=1",
  "0x5",
  "ffffffffffffffff",
  "00005",
  " 5",
  "5\n",
  "5\r",
];
const NUMBERS =
  "-1 -0 0 0.5 1.0 1e0 1e400 2 50 51 63 64 9007199254740991 9007199254740993 NaN 01 +1 1n".split(
    " ",
  );
const VALUES = [
  '""',
  "null",
  "true",
  "[]",
  "{}",
  '"1"',
  '"\\u0000"',
  '"\\ud800"',
  "[1]",
  `"${"é".repeat(300)}"`,
];
const TEXTS = [
  "",
  " ",
  "null",
  "1",
  "[]",
  '"x"',
  "{",
  "{}{}",
  "\xef\xbb\xbf{}",
  "\xff",
  "\xc3",
  "\xed\xa0\x80",
  "{'value':1}",
  '{"__proto__":{"value":1,"token":"x"}}',
  '{"value":1,"value":0}',
  '{"value":1,"valu\\u0065":0}',
  "[".repeat(30_000),
  '{"a":'.repeat(9_000),
  `"${'\\"'.repeat(2_000)}`,
  "value=1&value=0",
  "%ff=%zz&=&&",
  "return=https%3A%2F%2Fexample.org%2F%0d%0aX:%20y&value=1",
  "value=1&return=https://example.org/\xe2\x98\x83",
];

const MUTATIONS: readonly Mutation[] = [
  (parts, random) => ({ ...parts, method: pick(METHODS, random) }),
  (parts, random) => ({ ...parts, version: pick(VERSIONS, random) }),
  (parts, random) => ({ ...parts, target: pick(TARGETS, random) }),
  (parts, random) => ({ ...parts, target: spliced(parts.target, pick(PIECES, random), random) }),
  (parts, random) => ({ ...parts, target: escaped(parts.target, random) }),
  (parts, random) => ({
    ...parts,
    target: `${parts.target}?${"item=a&".repeat(random() * 5_000)}`,
  }),
  (parts, random) => added(parts, [pick(FIELD_LINES, random)], random),
  (parts, random) => added(parts, [pick(FRAMINGS, random), pick(FRAMINGS, random)], random),
  (parts, random) => added(parts, [pick(FRAMINGS, random)], random),
  (parts, random) => added(parts, [pick([...parts.fields, HOST], random)], random),
  (parts, random) => added(parts, flood(random), random),
  (parts, random) => without(parts, random),
  (parts, random) => chunked(parts, random),
  (parts, random) => withBody(parts, pick(TEXTS, random)),
  (parts, random) => withBody(parts, spliced(parts.body, pick(TEXTS, random), random)),
  (parts, random) => withBody(parts, replaced(parts.body, /[\d.]+(?=[,}])/, pick(NUMBERS, random))),
  (parts, random) =>
    withBody(parts, replaced(parts.body, /"[^"]*"(?=[,}\]])/, pick(VALUES, random))),
  (parts, random) => withBody(parts, " ".repeat(BODY_BYTES_MAX + random() * 4) + parts.body),
  (parts, random) => ({ ...parts, body: parts.body.slice(0, random() * parts.body.length) }),
  (parts, random) => ({
    ...parts,
    body: parts.body + pick([...TEXTS, "GET / HTTP/1.1\r\n\r\n"], random),
  }),
  (parts, random, persons) => retokened(parts, pick(persons.refused, random), persons),
  (parts, random, persons) => retokened(parts, forged(persons, random), persons),
  (parts, random, persons) => {
    const token = random() < 0.5 ? forged(persons, random) : pick(persons.refused, random);
    const cookie = random() < 0.5;
    return added(
      parts,
      [cookie ? ["Cookie", `${COOKIE}=${token}`] : ["Authorization", `Bearer ${token}`]],
      random,
    );
  },
];

/** Returns a request with one to three mutations. */
export function mutatedRequest(valid: RawParts, random: Random, persons: Persons): RawParts {
  let parts = valid;
  for (let times = 1 + random() * 3; times >= 1; times--) {
    parts = pick(MUTATIONS, random)(parts, random, persons);
  }
  return parts;
}

/** Returns one of the persons' tokens with one character changed, left out, or cut off. */
function forged({ subjects }: Persons, random: Random): string {
  const token = pick([...subjects.keys()], random);
  // The last character of base64 has bits that no byte has.
  const at = Math.floor(random() * (token.length - 1));
  const other = token[at] === "A" ? "B" : "A";
  return pick(
    [
      token.slice(0, at),
      token.slice(0, at) + token.slice(at + 1),
      token.slice(0, at) + other + token.slice(at + 1),
    ],
    random,
  );
}

function retokened(parts: RawParts, token: string, { subjects }: Persons): RawParts {
  const swap = (text: string): string => {
    return [...subjects.keys()].reduce((left, known) => left.replaceAll(known, token), text);
  };
  const fields = parts.fields.map(([name, value]) => [name, swap(value)] as const);
  return withBody({ ...parts, fields }, swap(parts.body));
}

function lengthOf(value: string): readonly [string, string] {
  return ["Content-Length", value];
}

function flood(random: Random): readonly (readonly [string, string])[] {
  const lines = pick([30, 64, 65, 1_000, 5_000], random);
  return Array.from(
    { length: lines },
    (_, index) => [random() < 0.5 ? "X" : `X-${index}`, "y"] as const,
  );
}

function added(parts: RawParts, lines: RawParts["fields"], random: Random): RawParts {
  const at = Math.floor(random() * (parts.fields.length + 1));
  return { ...parts, fields: parts.fields.toSpliced(at, 0, ...lines) };
}

function without(parts: RawParts, random: Random): RawParts {
  return {
    ...parts,
    fields: parts.fields.toSpliced(Math.floor(random() * parts.fields.length), 1),
  };
}

function chunked(parts: RawParts, random: Random): RawParts {
  const whole = `${parts.body.length.toString(16)}\r\n${parts.body}\r\n0\r\n\r\n`;
  const body = random() < 0.3 ? whole : replaced(whole, /^[\da-f]+/, pick(SIZES, random));
  const fields =
    random() < 0.3 ? parts.fields : parts.fields.filter(([name]) => name !== "Content-Length");
  return { ...parts, body, fields: [...fields, ["Transfer-Encoding", "chunked"]] };
}

function spliced(text: string, piece: string, random: Random): string {
  const at = Math.floor(random() * (text.length + 1));
  return text.slice(0, at) + piece + text.slice(random() < 0.5 ? at : at + piece.length);
}

/** Returns a path with one character in an escape, or its escapes once more in escapes. */
function escaped(target: string, random: Random): string {
  if (random() < 0.3) return target.replaceAll("%", "%25");
  const at = Math.floor(random() * target.length);
  const code = target.charCodeAt(at).toString(16).padStart(2, "0");
  return `${target.slice(0, at)}%${code}${target.slice(at + 1)}`;
}

function replaced(text: string, pattern: RegExp, by: string): string {
  return text.replace(pattern, () => by);
}
