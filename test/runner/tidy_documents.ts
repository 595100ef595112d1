/** The form of the pages: the CHANGELOG, the decisions, and links that lead somewhere. */
import { posix } from "node:path";

const CHANGES = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
const VERSION = /^## (?:Unreleased|\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2})$/;

/** Headings of a CHANGELOG that are no versions and no kinds of change; entries under none. */
export function badChangelog(text: string): string[] {
  const found: string[] = [];
  let kind = "";
  for (const [index, line] of text.split("\n").entries()) {
    const where = `CHANGELOG.md:${index + 1}`;
    if (line.startsWith("## ")) kind = "";
    if (line.startsWith("### ")) kind = line.slice("### ".length);
    if (line.startsWith("## ") && !VERSION.test(line)) found.push(`${where}: is no version`);
    if (line.startsWith("### ") && !CHANGES.includes(kind))
      found.push(`${where}: no kind of change`);
    if (line.startsWith("- ") && kind === "")
      found.push(`${where}: stands under no kind of change`);
  }
  if (!text.startsWith("# Changelog\n")) found.push("CHANGELOG.md:1: is not called Changelog");
  return found;
}

/** Decisions that are not numbered in a row, or that do not say their status and date. */
export function badDecisions(decisions: readonly { path: string; text: string }[]): string[] {
  return decisions.flatMap(({ path, text }, index) => {
    const number = index + 1;
    const [title = "", , status = ""] = text.split("\n");
    const found: string[] = [];
    const named = new RegExp(`^docs/adr/${String(number).padStart(4, "0")}-[a-z0-9-]+\\.md$`);
    if (!named.test(path)) found.push(`${path}: is not decision ${number} by its name`);
    if (!title.startsWith(`# ${number}. `)) found.push(`${path}:1: is not decision ${number}`);
    if (!/^(?:Proposed|Accepted|Rejected|Superseded by \S+), \d{4}-\d{2}-\d{2}\.$/.test(status)) {
      found.push(`${path}:3: has no status with a date`);
    }
    return found;
  });
}

/** Environment variables that are read and that no page and no help names. */
export function untoldVariables(codes: readonly string[], told: string): string[] {
  const read = codes.flatMap((code) => [...code.matchAll(/\bprocess\.env\["(\w+)"\]/g)]);
  const names = new Set(read.map(([, name = ""]) => name));
  return [...names]
    .filter((name) => !told.includes(name))
    .map((name) => `${name}: is told nowhere`);
}

const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)\s]*)?\)/g;
const PATH = /`((?:src|commands|test|docs|proto|bench|tools)\/[\w./-]+)`/g;

/** Links and paths in a page that lead to no file and no folder. */
export function deadLinks(
  page: { path: string; text: string },
  paths: ReadonlySet<string>,
): string[] {
  const folders = new Set([...paths].flatMap(foldersOf));
  const exists = (path: string): boolean => paths.has(path) || folders.has(path.replace(/\/$/, ""));
  const links = [...page.text.matchAll(LINK)].map(([, to = ""]) => {
    return posix.join(posix.dirname(page.path), to);
  });
  const named = [...page.text.matchAll(PATH)].map(([, path = ""]) => path);
  return [...links, ...named]
    .filter((path) => !exists(path))
    .map((path) => `${page.path}: leads to ${path}, which is not there`);
}

function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index).join("/")).filter((folder) => folder !== "");
}
