import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  formatAddress,
  isLoopback,
  isWildcard,
  parseAddress,
  parseHost,
} from "../../src/text/address.ts";
import { LikesError } from "../../src/errors.ts";

test("parseAddress() returns host and port when the text has both", () => {
  assert.equal(parseAddress("127.0.0.1:50051"), { host: "127.0.0.1", port: 50_051 });
  assert.equal(parseAddress("localhost:0"), { host: "localhost", port: 0 });
  assert.equal(parseAddress("a-b.example.org:65535"), { host: "a-b.example.org", port: 65_535 });
  assert.equal(parseAddress("[::1]:1"), { host: "::1", port: 1 });
});

test("parseAddress() throws a usage error for any other text", () => {
  const wrong = ["", "50051", ":50051", "host", "host:", "host:x", "host:65536", "host:-1", "h:+1"];
  const more = [
    "::1:50051",
    "[::1]",
    "[::1",
    "[]:1",
    "[127.0.0.1]:1",
    "a b:1",
    "http://h:1",
    "h:1/",
  ];
  const odd = [
    "127.1:1",
    "256.0.0.1:1",
    "1.2.3:1",
    "-h:1",
    "h.:1",
    "h\n:1",
    "h:1\n",
    "ü:1",
    "h:01",
  ];
  for (const text of [...wrong, ...more, ...odd, `${"a".repeat(300)}:1`]) {
    assert.throws(() => parseAddress(text), isUsage, JSON.stringify(text));
  }
});

test("parseAddress() names a way out when it throws", () => {
  assert.throws(() => parseAddress("50051"), /^Cannot read the address "50051": give host:port/);
  assert.throws(() => parseAddress("h:99999"), /port of the address "h:99999".* 0 to 65,535/);
});

test("formatAddress() is read back by parseAddress() when host and port are valid", () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.integer({ min: 0, max: 65_535 }), (name, port) => {
      const address = parseAddress(formatAddress({ host: name, port }));
      return address.host === name && address.port === port;
    }),
  );
});

test("parseHost() returns the host when it is a name or an IP address", () => {
  for (const host of ["127.0.0.1", "::1", "0.0.0.0", "localhost"]) {
    assert.is(parseHost(host), host);
  }
  for (const host of ["", "[::1]", "h:1", "127.1", "0x0", "0x7f000001", "127.0x1", "a.1", "a b"]) {
    assert.throws(() => parseHost(host), isUsage, host);
  }
});

test("isLoopback() is true when only this machine can reach the host", () => {
  const loopback = ["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "LocalHost"];
  for (const host of loopback) assert.ok(isLoopback(host), host);
  const others = ["0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "127.0.0.1.example.org", "example.org"];
  for (const host of [...others, "::2", "", "127.1"]) assert.not.ok(isLoopback(host), host);
});

test("isWildcard() is true for all addresses, in any notation", () => {
  const wildcards = ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0"];
  for (const host of wildcards) assert.ok(isWildcard(host), host);
  for (const host of ["127.0.0.1", "::1", "10.0.0.0", "0", "localhost", ""]) {
    assert.not.ok(isWildcard(host), host);
  }
});

function isUsage(error: unknown): boolean {
  return error instanceof LikesError && error.code === "usage";
}

test.run();
