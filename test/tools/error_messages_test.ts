import { test } from "uvu";
import * as assert from "uvu/assert";
import { errorMessages } from "../../tools/error_messages.ts";

test("errorMessages() gives the fault beside the text when one stands there", () => {
  expectMessages(
    `throw new LikesError("usage", \`Cannot read \${quote(text)}: give \${NAME_MAX}\`);`,
    [['Cannot read "<text>": give <NAME_MAX>', "usage"]],
  );
  expectMessages(`const refusal = { code: "too_many", message: "Cannot take more: full" };`, [
    ["Cannot take more: full", "too_many"],
  ]);
  expectMessages(`stream.refuse(1, "replaced", "Cannot go on: " + why);`, [
    ["Cannot go on: <why>", "replaced"],
  ]);
});

test("errorMessages() follows a constant to its use when the fault stands there", () => {
  expectMessages(
    `function f() {
       if (a) { const text = "Cannot a: x"; return refuse("usage", text); }
       const text = "Cannot b: x";
       return { code: "disk_full", message: text };
     }`,
    [
      ["Cannot a: x", "usage"],
      ["Cannot b: x", "disk_full"],
    ],
  );
});

test("errorMessages() puts constants in and takes both branches when a text is made of them", () => {
  expectMessages(
    `function f() {
       const cannot = \`Cannot open \${JSON.stringify(path)}:\`;
       const why = full ? "no space" : "no right";
       throw new LikesError("store_unusable", \`\${cannot} \${why}; leave\`);
     }`,
    [
      ['Cannot open "<path>": no space; leave', "store_unusable"],
      ['Cannot open "<path>": no right; leave', "store_unusable"],
    ],
  );
});

test("errorMessages() takes the fault of the function when a text is handed to one", () => {
  expectMessages(
    `f("Cannot x: y");
     function f(message) { return { code: "resynchronise", message }; }`,
    [["Cannot x: y", "resynchronise"]],
  );
});

test("errorMessages() leaves the fault open when the source does not show it", () => {
  expectMessages(`return "Cannot x: y";`.replace("return", "export const a ="), [
    ["Cannot x: y", undefined],
  ]);
});

test("errorMessages() leaves out what is an error of the program or only looked for", () => {
  expectMessages(`throw new RangeError("Cannot send: too big");`, []);
  expectMessages(`const is = reason.startsWith("Cannot reach");`, []);
});

function expectMessages(
  text: string,
  expected: readonly (readonly [string, string | undefined])[],
): void {
  const found = errorMessages([{ path: "a.ts", text }]);
  assert.equal(
    found.map(({ template, code }) => [template, code]),
    expected,
  );
}

test.run();
