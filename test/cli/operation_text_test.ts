import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseOperation } from "../../src/cli/operation_text.ts";
import { operationName } from "../../src/core/protocol/operation.ts";
import { faultOf, testId } from "../store/faults.ts";

const UUID = "7d0e1d2c-52a5-4a5e-8d3f-0c1b2a39485f";
const CLIENT = "7d0e1d2c52a54a5e8d3f0c1b2a39485f";

test("parseOperation() takes a UUID alone as number 1 of its client", () => {
  for (const text of [UUID, UUID.toUpperCase(), CLIENT, `${CLIENT}/1`, `${UUID}/1`]) {
    assert.equal(parseOperation(text), { client: CLIENT, number: 1 }, text);
  }
});

test("parseOperation() reads what operationName() writes", () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.integer({ min: 1, max: 2 ** 53 - 1 }), (id, number) => {
      const operation = { client: testId(id), number };
      assert.equal(parseOperation(operationName(operation)), operation);
    }),
  );
  assert.is(operationName({ client: testId(0xc1), number: 42 }), `${testId(0xc1)}/42`);
});

test("parseOperation() refuses other texts, and shows how it is written", async () => {
  for (const text of [
    "",
    "1",
    CLIENT.slice(1),
    `${CLIENT}0`,
    `${CLIENT}/`,
    `${CLIENT}/0`,
    `${CLIENT}/01`,
    `${CLIENT}/-1`,
    `${UUID}-`,
    UUID.replace("-", ""),
    `${CLIENT}/1.5`,
    `${CLIENT}/${2 ** 53}`,
    `${CLIENT}/1/1`,
    `${CLIENT} `,
    `g${CLIENT.slice(1)}`,
  ]) {
    const { message } = await faultOf("usage", () => parseOperation(text));
    const [, example = ""] = /such as ([0-9a-f/]+)$/.exec(message) ?? [];
    assert.is(parseOperation(example).number, 1, message);
  }
});

test.run();
