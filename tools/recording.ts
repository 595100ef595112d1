/**
 * `npm run recording`: runs the demonstration in a terminal of its own, and keeps what it showed as
 * docs/recording.svg. The run is a real one: it takes the default port and the default log folders.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { monotonicMs } from "../src/monotonic.ts";
import { framesSvg } from "./frames_svg.ts";
import { terminalFrames } from "./terminal_frames.ts";
import type { Written } from "./terminal_frames.ts";

const PATH = "docs/recording.svg";
const SIZE = { columns: 100, rows: 51 };
const ARGS = "orchestrate --duration 15s --seed 42";
/** Everything that the run may take, its start and its drain included. */
const RUN_LIMIT_MS = 90_000;

const written: Written[] = [{ atMs: 0, text: `$ npx likes ${ARGS}\r\n` }];
const code = await record();
const frames = await terminalFrames(written, SIZE);
const shown = frames.at(-1)?.lines.map((runs) => runs.map(({ text }) => text).join("")) ?? [];
if (code !== 0) throw new Error(`Cannot record: the run ended with ${code}: ${shown.join("\n")}`);
const verdict = shown.find((line) => line.startsWith("EXACT ")) ?? "";
writeFileSync(
  PATH,
  framesSvg(frames, SIZE, `likes ${ARGS} in a terminal, ending with: ${verdict}`),
);
console.log(`${PATH}: ${frames.length} frames, ending with: ${verdict}`);

/** Runs the demonstration under `script`, which gives it a terminal. Returns its exit code. */
async function record(): Promise<number> {
  const resize = `stty cols ${SIZE.columns} rows ${SIZE.rows}`;
  const command = `${resize}; exec node dist/src/main.js ${ARGS}`;
  const child = spawn("script", ["-qfec", command, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TERM: "xterm-256color", NO_COLOR: "" },
    timeout: RUN_LIMIT_MS,
  });
  const startMs = monotonicMs();
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    written.push({ atMs: monotonicMs() - startMs, text });
  });
  const [exit] = (await once(child, "close")) as [number | null];
  return exit ?? 1;
}
