import { networkInterfaces } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { addressBetween, addressElsewhere, addressHere } from "../../src/roles/reach.ts";
import { isThisMachine } from "../../src/roles/reach.ts";

/** Reserved for documentation, so never an address of this machine. */
const OTHER = "192.0.2.1";

test("addressBetween() keeps an address when it is a name or reaches the other machine", () => {
  for (const address of [`${OTHER}:1`, "[2001:db8::1]:50051", "fra-1.example.org:65535"]) {
    for (const host of ["127.0.0.1", OTHER, "2001:db8::2", ""]) {
      assert.is(addressBetween(address, host), address);
    }
  }
});

test("addressBetween() is empty for wildcards, port 0 and invalid addresses", () => {
  const wildcards = ["0.0.0.0:1", "[::]:1", "[0:0:0:0:0:0:0:0]:1", "[::ffff:0.0.0.0]:1"];
  for (const address of [
    ...wildcards,
    "0x0:1",
    `${OTHER}:0`,
    "",
    "a",
    "a b:1",
    "\u001b:1",
    "127.1:1",
  ]) {
    assert.is(addressBetween(address, "127.0.0.1"), "", address);
  }
});

test("addressBetween() is empty for loopback only when the host is another machine", () => {
  const loopback = ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "[::ffff:127.0.0.1]:1"];
  for (const address of loopback) {
    for (const host of [OTHER, `::ffff:${OTHER}`, "2001:db8::1", "example.org", ""]) {
      assert.is(addressBetween(address, host), "", `${address} ${host}`);
    }
    for (const host of ["127.0.0.1", "::1", "localhost", "::ffff:127.0.0.1"]) {
      assert.is(addressBetween(address, host), address, `${address} ${host}`);
    }
  }
});

test("isThisMachine() is true for each address of this machine, also mapped to IPv6", () => {
  for (const { address, family } of Object.values(networkInterfaces()).flatMap(
    (all) => all ?? [],
  )) {
    assert.ok(isThisMachine(address), address);
    if (family === "IPv4") assert.ok(isThisMachine(`::ffff:${address}`), address);
  }
  for (const host of [OTHER, "2001:db8::1", "0.0.0.0", "example.org"]) {
    assert.not.ok(isThisMachine(host), host);
  }
});

test("addressHere() returns loopback when a server listens on all addresses", () => {
  assert.is(addressHere({ host: "0.0.0.0", port: 5 }), "127.0.0.1:5");
  assert.is(addressHere({ host: "::", port: 5 }), "[::1]:5");
  assert.is(addressHere({ host: OTHER, port: 5 }), `${OTHER}:5`);
});

test("addressElsewhere() is undefined for loopback, and never a wildcard", () => {
  assert.is(addressElsewhere({ host: "::1", port: 5 }), undefined);
  assert.is(addressElsewhere({ host: OTHER, port: 5 }), `${OTHER}:5`);
  for (const host of ["0.0.0.0", "::"]) {
    const found = addressElsewhere({ host, port: 5 });
    if (found !== undefined) assert.is(addressBetween(found, OTHER), found);
  }
});

test.run();
