/** What `Child` starts in its tests: says where it listens, obeys, and dies as it is told. */
import { obeyParent, tellParent } from "../../src/demo/child_channel.ts";

/** Where it says that it listens, when it may choose. */
const PORT = "4242";

const [behaviour, , port] = process.argv.slice(2);
let welcomed: number | undefined;
/** `half-deaf` answers from its second life on, when it has a port. */
const isDeaf = behaviour === "deaf" || (behaviour === "half-deaf" && port === "0");

obeyParent(
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
  tellParent({ type: "listening", address: `127.0.0.1:${port === "0" ? PORT : port}` });
  if (behaviour === "dying") process.exit(3);
}
