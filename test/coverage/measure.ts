/** Runs suites under V8's coverage, and gives the branches of the source that they are about. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Report } from "c8";
import { branchesOf, WHOLE_FILE } from "./branches.ts";
import type { Branch, FileCoverage } from "./branches.ts";

/** What is measured. */
export interface MeasureOptions {
  /** Folder of the repository, and the working folder of this process. */
  readonly root: string;
  /** Folders of the source, from the root. */
  readonly folders: readonly string[];
  /** Runs what is to cover them, in the environment that it is given. */
  readonly run: (env: NodeJS.ProcessEnv) => Promise<void>;
}

/** The branches of `folders`, in order of their files. */
export async function measure({ root, folders, run }: MeasureOptions): Promise<readonly Branch[]> {
  const folder = mkdtempSync(join(tmpdir(), "likes-coverage-"));
  const [counts, report] = [join(folder, "v8"), join(folder, "report")];
  try {
    await run({ ...process.env, NODE_V8_COVERAGE: counts });
    await new Report({
      reporter: ["json"],
      tempDirectory: counts,
      reportsDirectory: report,
      include: folders.map((one) => `${one}/**`),
    }).run();
    const written = readFileSync(join(report, "coverage-final.json"), "utf8");
    const found = Object.values(JSON.parse(written) as Readonly<Record<string, FileCoverage>>);
    const byPath = new Map(found.map((one) => [one.path, one]));
    return filesIn(root, folders).flatMap((file): Branch[] => {
      const coverage = byPath.get(join(root, file));
      if (coverage === undefined) return [{ file, at: "", text: WHOLE_FILE, isCovered: false }];
      return branchesOf(coverage, readFileSync(join(root, file), "utf8"), root);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The source files of `folders`, from the root, with `/`. */
export function filesIn(root: string, folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    const names = readdirSync(join(root, folder), { recursive: true }) as string[];
    const sources = names.filter((name) => name.endsWith(".ts")).toSorted();
    return sources.map((name) => `${folder}/${name}`);
  });
}
