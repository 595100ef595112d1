import { test } from "uvu";
import * as assert from "uvu/assert";
import { completionScript } from "../../src/cli/completion.ts";
import type { CompletedCommand } from "../../src/cli/completion.ts";

const COMMANDS: readonly CompletedCommand[] = [
  {
    id: "add",
    summary: "it's a gift: [really]",
    flags: [
      { name: "once", summary: "one", values: undefined },
      { name: "order", summary: "which", values: ["most", "id"] },
      { name: "data-dir", summary: "where", values: "folder" },
      { name: "ledger", summary: "what", values: "file" },
    ],
    argument: "any",
  },
  { id: "help", summary: "help", flags: [], argument: ["add"] },
];

test("completionScript() quotes summaries when they have characters special to a shell", () => {
  assert.match(completionScript("zsh", COMMANDS), "'add:it'\\''s a gift: [really]'");
  assert.match(completionScript("fish", COMMANDS), "-a add -d 'it'\\''s a gift: [really]'");
});

test("completionScript() offers the values of a flag when they can be listed", () => {
  assert.match(completionScript("bash", COMMANDS), `"add --order") COMPREPLY=($(compgen -W`);
  assert.match(completionScript("bash", COMMANDS), `"add --data-dir") COMPREPLY=($(compgen -d`);
  assert.match(completionScript("zsh", COMMANDS), "'--order=[which]:value:(most id)'");
  assert.match(completionScript("zsh", COMMANDS), "'--data-dir=[where]:folder:_files -/'");
  assert.match(completionScript("fish", COMMANDS), "-l order -d 'which' -x -a 'most id'");
  assert.match(completionScript("bash", COMMANDS), `"add --ledger") COMPREPLY=($(compgen -f`);
  assert.match(completionScript("zsh", COMMANDS), "'--ledger=[what]:file:_files'");
  assert.match(completionScript("fish", COMMANDS), "-l ledger -d 'what' -r -F");
  assert.match(completionScript("fish", COMMANDS), "-l once -d 'one'\n");
});

test.run();
