/**
 * A copy of the repository for planting bugs. Source and tests are copied, because tests import the
 * source beside them. Everything else is linked.
 */
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { plant } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Folders to copy: tests import from them by path. */
const COPIED = ["src", "test"];
const LEFT_OUT = [".git"];

/** A copy in a temporary folder, removed on disposal: `using copy = …`. */
export class WorkingCopy implements Disposable {
  readonly path: string;

  /** Copies the repository at `root`. */
  constructor(root: string) {
    this.path = mkdtempSync(join(tmpdir(), "likes-mutants-"));
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      const { name } = entry;
      const [from, to] = [resolve(root, name), join(this.path, name)];
      if (LEFT_OUT.includes(name)) continue;
      if (COPIED.includes(name)) cpSync(from, to, { recursive: true });
      else if (entry.isFile()) copyFileSync(from, to);
      else symlinkSync(from, to);
    }
  }

  /** Plants a bug. Returns a function that removes it. Throws when an anchor does not fit. */
  plant(mutant: Mutant): Disposable {
    const path = join(this.path, mutant.file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, plant(mutant, text));
    return { [Symbol.dispose]: () => writeFileSync(path, text) };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
