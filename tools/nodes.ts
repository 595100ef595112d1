/** Which Nodes the suite has to pass on, and where they come from. */

/** The supported major versions, oldest first: package.json `engines` and README say the same. */
export const NODES: readonly string[] = ["20", "22", "24", "26"];

const VERSION = /^\d{2,3}(?:\.\d{1,3}){0,2}$/;

/** The versions that `args` name; all supported ones when there are none. Throws for anything else. */
export function nodesOf(args: readonly string[]): readonly string[] {
  if (args.length === 0) return NODES;
  const named = args.map((arg) => (arg === "newest" ? (NODES.at(-1) ?? "") : arg));
  for (const version of named) {
    if (!VERSION.test(version)) throw new Error(`Cannot try Node ${JSON.stringify(version)}`);
  }
  return named;
}

/** The npm package that holds Node for a platform, as `process.platform` and `process.arch` say it. */
export function nodePackage(platform: string, arch: string): string {
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}
