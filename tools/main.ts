/**
 * `npm run docs` writes the generated pages; `npm run check:docs` fails when one of them differs from
 * what would be written, and says which.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { commandReference } from "./command_reference.ts";
import type { Manifest } from "./command_reference.ts";
import { errorMessages } from "./error_messages.ts";
import type { SourceText } from "./error_messages.ts";
import { errorsOutOfStep, errorsPage } from "./errors_page.ts";
import type { WrittenErrors } from "./errors_page.ts";

/** Generated types hold no message; stores in memory are for tests. */
const SKIPPED = /\/gen\/|\/memory_/;

const isCheck = process.argv.includes("--check");
const written = readJson("tools/errors.json") as WrittenErrors;
const pages = {
  "docs/COMMANDS.md": commandReference(readJson("oclif.manifest.json") as Manifest),
  "docs/ERRORS.md": errorsPage(written),
};

const complaints = errorsOutOfStep(written, errorMessages(readSources()));
for (const [path, page] of Object.entries(pages)) {
  if (isCheck && textOf(path) !== page) complaints.push(`${path}: differs; run npm run docs`);
  else if (!isCheck) writeFileSync(path, page);
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;

function readSources(): SourceText[] {
  return ["commands", "src"].flatMap((folder) => {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
    const paths = names.map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
    return paths
      .filter((path) => path.endsWith(".ts") && !SKIPPED.test(path))
      .map((path) => ({ path, text: readFileSync(path, "utf8") }));
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
