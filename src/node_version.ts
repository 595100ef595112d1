/** The platform check, which runs before any module that an unsupported platform cannot load. */
import type { Refusal } from "./errors.ts";

/** The oldest Node with every API that the source uses. `engines` lists the tested versions. */
const NODE_MIN = { major: 20, minor: 12 } as const;

/** The part of `process.versions` that is checked. */
interface Versions {
  /** Such as `20.12.0`. Deno sets it too, to the Node that it emulates. */
  readonly node: string;
  readonly deno?: string | undefined;
}

/** Returns the refusal for a platform that cannot run `likes`; undefined for one that can. */
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
