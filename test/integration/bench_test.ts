// nightly because it measures every figure
// oxlint-disable-next-line no-restricted-imports -- it runs `npm run bench`
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FIGURES } from "../../bench/figures.ts";

const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
const LIMIT_MS = 220_000;
const run = promisify(execFile);

/** The fields of a figure's JSON that this test reads. */
interface FigureLine {
  readonly figure: string;
  readonly rows: readonly { readonly values: readonly number[]; readonly median: number }[];
  readonly checked: readonly string[];
}

test("bench --brief measures every figure", async () => {
  const { stdout } = await bench("--brief", "--json");
  const [machine = "", ...lines] = stdout.trimEnd().split("\n");
  assert.match(machine, /"cores":\d+/);
  const figures = lines.map((line) => JSON.parse(line) as FigureLine);
  assert.equal(
    figures.map(({ figure }) => figure),
    FIGURES.map(({ name }) => name),
  );
  for (const { figure, rows, checked } of figures) {
    assert.ok(checked.length > 0, `${figure} checks what it measures`);
    for (const { values, median } of rows) {
      assert.ok(values.length > 0 && median > 0, `${figure}: ${JSON.stringify(values)}`);
    }
  }
});

test("bench rejects an unknown figure", async () => {
  const { code, stderr } = await bench("speed").then(
    () => ({ code: 0, stderr: "" }),
    (error: { readonly code: number; readonly stderr: string }) => error,
  );
  assert.is(code, 2);
  assert.match(stderr, /Cannot measure "speed"/);
});

function bench(...args: readonly string[]) {
  const options = { timeout: LIMIT_MS, killSignal: "SIGKILL" } as const;
  return run(process.execPath, ["--import", "tsx", MAIN, ...args], options);
}

test.run();
