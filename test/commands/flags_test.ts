import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../commands/mod.ts";

test("COMMANDS read no argument and no flag from the caller's stdin", () => {
  for (const [id, { args = {}, flags = {} }] of Object.entries(COMMANDS)) {
    for (const [name, arg] of Object.entries(args)) assert.ok(arg.ignoreStdin, `${id} ${name}`);
    for (const [name, flag] of Object.entries(flags)) {
      assert.not("allowStdin" in flag && flag.allowStdin, `${id} --${name}`);
    }
  }
});

test.run();
