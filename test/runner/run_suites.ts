/** Runs the files that are named, one after another in this process, as uvu's own program would. */
import { resolve } from "node:path";
import { run } from "uvu/run";

const suites = process.argv.slice(2).map((path) => {
  // uvu puts `file:///` in front of the path.
  return { name: path, file: resolve(path).replace(/^\//, "") };
});
await run(suites);
