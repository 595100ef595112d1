import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../commands/mod.ts";
import { commandReference, exitTable } from "../../tools/command_reference.ts";
import type { Manifest } from "../../tools/command_reference.ts";

test("commandReference() has what a person needs to type when a command is described", () => {
  const page = commandReference({
    commands: {
      add: {
        id: "add",
        summary: "add likes",
        description: "Into <here>.",
        examples: ["<%= config.bin %> <%= command.id %> video"],
        args: {
          item: { name: "item", description: "what is liked", required: true },
          likes: { name: "likes", description: "how many (0 to 5)", default: 1 },
        },
        flags: {
          primary: { name: "primary", type: "option", summary: "where", default: "a:1" },
          once: { name: "once", char: "o", type: "boolean", summary: "1|2", exclusive: ["wait"] },
          order: { name: "order", type: "option", summary: "how", options: ["most", "id"] },
          secret: { name: "secret", type: "boolean", hidden: true },
        },
      },
    },
  });
  const lines = [
    "## likes add",
    "Add likes.",
    "likes add ITEM [LIKES] [FLAGS]",
    "Into \\<here>.",
    "| `ITEM` | what is liked |  |",
    "| `[LIKES]` | how many (0 to 5) | `1` |",
    "| `-o, --once` | 1\\|2; not with `--wait` |  |",
    "| `--order VALUE` | how; one of most, id |  |",
    "| `--primary VALUE` | where | `a:1` |",
    "likes add video",
  ];
  for (const line of lines) assert.ok(page.includes(`\n${line}\n`), line);
  assert.not(page.includes("secret"));
});

test("docs/COMMANDS.md has every command when the manifest is that of the commands", () => {
  const manifest = JSON.parse(readFileSync("oclif.manifest.json", "utf8")) as Manifest;
  assert.equal(Object.keys(manifest.commands).toSorted(), Object.keys(COMMANDS).toSorted());
  const page = commandReference(manifest);
  for (const id of Object.keys(COMMANDS)) assert.match(page, `\n## likes ${id}\n`);
});

test("README.md has the exit codes of the one table when it lists them", () => {
  assert.ok(readFileSync("README.md", "utf8").includes(exitTable()));
});

test.run();
