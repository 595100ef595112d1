/** The program that the tests of `Child` start. Its first argument selects its behavior. */
import { followParent, sendToParent } from "../../src/demo/child_channel.ts";

/** The port that it reports when it may choose one. */
const PORT = "4242";

const [behaviour, , port] = process.argv.slice(2);
let welcomed: number | undefined;
/** `half-deaf` answers only after a restart, when it is given its port. */
const isDeaf = behaviour === "deaf" || (behaviour === "half-deaf" && port === "0");

followParent(
  {
    start: (startMs) => (welcomed = startMs),
    finish: () => (isDeaf ? new Promise(() => {}) : Promise.resolve(welcomed)),
  },
  () => process.exit(1),
);

if (behaviour === "stubborn") process.on("SIGTERM", () => {});
if (behaviour === "failing") {
  process.stderr.write("a first line\nError: Cannot do this: it is a test\n");
  process.exitCode = 1;
  process.disconnect();
} else if (behaviour !== "mute") {
  sendToParent({ type: "listening", address: `127.0.0.1:${port === "0" ? PORT : port}` });
  if (behaviour === "dying") process.exit(3);
}
