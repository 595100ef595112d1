import { test } from "uvu";
import * as assert from "uvu/assert";
import { addressOf } from "../../src/text/peer_address.ts";

test("addressOf() returns an IPv4 address, or the network of an IPv6 address", () => {
  assert.is(addressOf("192.0.2.7"), "192.0.2.7");
  assert.is(addressOf("::ffff:192.0.2.7"), "192.0.2.7");
  const network = "2001:db8:0:1::/64";
  assert.is(addressOf("2001:db8:0:1:2:3:4:5"), network);
  assert.is(addressOf("2001:db8:0:1::5"), network);
  assert.is(addressOf("2001:db8:0:1::"), network);
  assert.is(addressOf("2001:db8::1:2:3:4:5"), network);
  assert.is(addressOf("2001:db8::5"), "2001:db8:0:0::/64");
  assert.is(addressOf("::1"), "0:0:0:0::/64");
  assert.is(addressOf("fe80::1%eth0"), "fe80:0:0:0::/64");
});

test.run();
