/** Whether this platform can run the rest: asked before anything else is loaded, which it could not. */
import type { Refusal } from "./errors.ts";

/** The oldest Node that has what the source uses; `engines` in package.json names those tested. */
const NODE_MIN = { major: 20, minor: 12 } as const;

/** What is read of `process.versions`. */
interface Versions {
  /** Such as `20.12.0`. Deno names the Node that it is like. */
  readonly node: string;
  readonly deno?: string | undefined;
}

/** Why this platform cannot run this; undefined when it can. */
export function checkPlatform({ node, deno }: Versions): Refusal | undefined {
  if (deno !== undefined) return refused(`Deno ${deno}: its HTTP/2 aborts when a peer leaves`);
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor)) return;
  const oldest = `${NODE_MIN.major}.${NODE_MIN.minor}`;
  return refused(`Node ${node}: it has to be ${oldest} or newer`);
}

function refused(found: string): Refusal {
  return { code: "node_unfit", message: `Cannot run on ${found}; install Node 24` };
}
