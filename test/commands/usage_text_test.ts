import { test } from "uvu";
import * as assert from "uvu/assert";
import { unknownFlagsText, usageText } from "../../commands/_usage_text.ts";

const FLAGS = {
  server: { type: "option" },
  once: { type: "boolean" },
  quiet: { type: "boolean", char: "q" },
} as const;
const HELP = "\nSee more help with --help";

test("usageText() rewrites the errors of oclif that it knows", () => {
  const known = [
    [
      `Unexpected argument: b${HELP}`,
      'Cannot use "b": likes add takes no more arguments; see likes add --help',
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

test("unknownFlagsText() names each unknown flag, and suggests a known one", () => {
  const refused = [
    [["--serer", "1"], "--serer", "; did you mean --server?"],
    [["--serer=1", "-x"], "--serer, -x", "; did you mean --server?"],
    [["video", "--hlep"], "--hlep", "; did you mean --help?"],
    [["--nonsense"], "--nonsense", ""],
    [["--server=1", "--onec"], "--onec", "; did you mean --once?"],
  ] as const;
  for (const [argv, named, hint] of refused) {
    const text = `Cannot use ${named}: likes add has no such flag; see likes add --help${hint}`;
    assert.is(unknownFlagsText(argv, FLAGS, "likes add"), text);
  }
  for (const argv of [["--server", "--serer"], ["-q", "-5", "a"], ["--", "--serer"], ["-"]]) {
    assert.is(unknownFlagsText(argv, FLAGS, "likes add"), undefined, argv.join(" "));
  }
});

test("usageText() names the flag whose value was rejected", () => {
  const found = `Parsing --port \n\tCannot read the port "x": give a whole number${HELP}`;
  const text = '--port: Cannot read the port "x": give a whole number';
  assert.is(usageText(found, "likes add"), text);
});

test("usageText() keeps an unknown text of oclif, behind its own words", () => {
  const text = "Cannot run likes add: something new; see likes add --help";
  assert.is(usageText(`something new${HELP}`, "likes add"), text);
});

test("usageText() escapes control characters that were typed", () => {
  assert.not.match(usageText("Unexpected argument: \u001b[2J", "likes add"), "\u001b");
  assert.not.match(unknownFlagsText(["--\u001b[2J"], FLAGS, "likes add") ?? "", "\u001b");
});

test.run();
