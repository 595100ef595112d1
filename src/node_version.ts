/** Whether this Node can run the rest: asked before anything else is loaded, which it could not. */
import type { Refusal } from "./errors.ts";

/** The oldest Node that has what the source uses; `engines` in package.json names those tested. */
const NODE_MIN = { major: 20, minor: 12 } as const;

/** Why Node `version`, such as `20.12.0`, cannot run this; undefined when it can. */
export function refuseNode(version: string): Refusal | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor)) return;
  const oldest = `${NODE_MIN.major}.${NODE_MIN.minor}`;
  const message = `Cannot run on Node ${version}: it has to be ${oldest} or newer; install Node 24`;
  return { code: "node_unfit", message };
}
