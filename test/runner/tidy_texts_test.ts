import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./source_scan.ts";
import { badErrorTexts, badHelp } from "./tidy_texts.ts";

test("badErrorTexts() names a text when it has not the form of an error", () => {
  const wrong = [
    'new LikesError("usage", "Could not read a")',
    'new LikesError("usage", `Failed: ${a}`, { cause })',
    'const a = "cannot read a: it is gone";',
    'const a = "Cannot a.";\n',
    'const a = "Cannot read: " + "it is gone.";',
    'const a = "Cannot " + "Read: it is gone";',
    "const a = `Cannot read ${a}!`;",
  ];
  for (const code of wrong) {
    for (const path of ["src/a.ts", "commands/a.ts"]) {
      assert.is(badErrorTexts(scan(path, code)).length, 1, code);
    }
    assert.equal(badErrorTexts(scan("test/a.ts", code)), [], code);
  }
});

test("badErrorTexts() is empty when a text has the form, or is no error", () => {
  const right = [
    'new LikesError("usage", "Cannot read a: it is gone; look for it")',
    'new LikesError("usage", `${cannot} it is gone`)',
    "new LikesError(code, message)",
    'const a = "Cannot read: " +\n  `it is ${gone}`;',
    'const a = "It is done.";',
    '// "cannot do it."',
    'text.startsWith("Cannot ");',
    "const a = `Cannot ${verb} it`;",
  ];
  for (const code of right) assert.equal(badErrorTexts(scan("src/a.ts", code)), [], code);
});

test("badHelp() is empty when help is in lower case and has an example", () => {
  const flags = {
    "stop-after": { summary: "when to stop" },
    supervised: { description: "LikesServers" },
  };
  const command = { summary: "give likes", examples: ["give"], flags, args: {} };
  assert.equal(badHelp("start-likes", command), []);
});

test("badHelp() names a command when its help is no help", () => {
  const good = { summary: "give likes", examples: ["give"] };
  const wrong = {
    startLikes: good,
    a: { ...good, summary: "Give likes" },
    b: { ...good, summary: "give likes." },
    c: { ...good, summary: undefined },
    d: { ...good, examples: [] },
    e: { ...good, flags: { stopAfter: { summary: "when" } } },
    f: { ...good, flags: { stop: {} } },
    g: { ...good, args: { item: { description: "Item" } } },
  };
  for (const [name, command] of Object.entries(wrong)) {
    assert.is(badHelp(name, command).length, 1, name);
  }
});

test.run();
