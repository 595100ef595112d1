import { test } from "uvu";
import * as assert from "uvu/assert";
import { usageText } from "../../commands/_usage_text.ts";

const HELP = "\nSee more help with --help";

test("usageText() speaks like every other error when it knows what oclif found", () => {
  const known = [
    [
      `Nonexistent flag: --x${HELP}`,
      "Cannot use --x: likes add has no such flag; see likes add --help",
    ],
    [
      `Nonexistent flags: --x, --y=1${HELP}`,
      "Cannot use --x, --y=1: likes add has no such flag; see likes add --help",
    ],
    [
      `Unexpected argument: b${HELP}`,
      'Cannot use "b": likes add takes no such argument; see likes add --help',
    ],
    [
      `Missing 1 required arg:\nitem  item that is liked${HELP}`,
      "Cannot run likes add: the item is missing; see likes add --help",
    ],
    [
      "Flag --server expects a value",
      "Cannot use --server: its value is missing; see likes add --help",
    ],
    [
      `The following error occurred:\n  --a=1 cannot also be provided when using --b${HELP}`,
      "Cannot use --a with --b: give only one of them",
    ],
    [`Expected --a=1 to be one of: x, y${HELP}`, 'Cannot use --a "1": give one of x, y'],
    ["Flag --a can only be specified once", "Cannot use --a twice: give it once"],
  ] as const;
  for (const [found, text] of known) assert.is(usageText(found, "likes add"), text);
});

test("usageText() names the flag when its value was refused", () => {
  const found = `Parsing --port \n\tCannot read the port "x": give a whole number${HELP}`;
  const text = '--port: Cannot read the port "x": give a whole number';
  assert.is(usageText(found, "likes add"), text);
});

test("usageText() keeps oclif's words behind ours when it does not know them", () => {
  const text = "Cannot run likes add: something new; see likes add --help";
  assert.is(usageText(`something new${HELP}`, "likes add"), text);
});

test("usageText() escapes what was typed when a terminal would obey it", () => {
  const text = usageText("Nonexistent flag: --\u001b[2J", "likes add");
  assert.not(text.includes("\u001b"));
});

test.run();
