/**
 * `npm run docs` writes the generated page; `npm run check:docs` fails when the page differs from what
 * would be written.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { commandReference } from "./command_reference.ts";
import type { Manifest } from "./command_reference.ts";

const PATH = "docs/COMMANDS.md";

const page = commandReference(JSON.parse(readFileSync("oclif.manifest.json", "utf8")) as Manifest);
if (!process.argv.includes("--check")) writeFileSync(PATH, page);
else if (readFileSync(PATH, "utf8") !== page) {
  console.error(`${PATH} differs from the commands; run npm run docs`);
  process.exitCode = 1;
}
