/** Runs the named files one by one in this process, like uvu's own program. */
import { resolve } from "node:path";
import { run } from "uvu/run";

const suites = process.argv.slice(2).map((path) => {
  // uvu puts `file:///` in front of the path.
  return { name: path, file: resolve(path).replace(/^\//, "") };
});
await run(suites);
