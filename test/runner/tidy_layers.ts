/**
 * Which folder may import which: imports point one way, so that a layer can be read, tested and
 * exchanged without what stands above it. A folder that is not listed here is refused, so that a
 * new one gets its place by decision.
 */
import { posix } from "node:path";
import { importsOf, lineAt } from "./source_scan.ts";
import type { Source } from "./source_scan.ts";

const LEAVES = ["leaf"];
const CORE = ["core", ...LEAVES];
/** What judges the count shares no code with what counts, but the driver of SQLite. */
const VERIFY = ["driver", ...LEAVES];
const TEXT = ["local_time", ...CORE];
const ROLE = ["rpc", "store", "driver", "log", "cli", "clock", ...TEXT];
const ORCHESTRATOR = ["likes_server", "primary", ...ROLE];
const ALL = ["main", "commands", "orchestrator", "verify", ...ORCHESTRATOR];

/** Layer to the layers that it may import, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  leaf: [],
  core: LEAVES,
  clock: [],
  local_time: LEAVES,
  cli: ["verify", ...TEXT],
  log: ["store", "cli", ...TEXT],
  driver: LEAVES,
  store: ["driver", ...CORE],
  verify: VERIFY,
  rpc: ["clock", ...CORE],
  likes_server: ROLE,
  primary: ROLE,
  orchestrator: ORCHESTRATOR,
  main: ["orchestrator", ...ORCHESTRATOR],
  commands: ["orchestrator", "verify", ...ORCHESTRATOR],
  test: ["bench", "tools", ...ALL],
  bench: ["test", ...ALL],
  tools: ["test", ...ALL],
};

/**
 * Files that are a layer of their own, most of them directly in src/. Time in local words is for
 * people: the core does without it.
 */
const FILES: Readonly<Record<string, string>> = {
  "src/assert.ts": "leaf",
  "src/errors.ts": "leaf",
  "src/in_turn.ts": "leaf",
  "src/limits.ts": "leaf",
  "src/local_time.ts": "local_time",
  "src/main.ts": "main",
  "src/monotonic.ts": "clock",
  "src/node_version.ts": "leaf",
  "src/store/sqlite.ts": "driver",
  "src/store/sqlite_binary.ts": "driver",
  "src/store/sqlite_codes.ts": "driver",
};

/** What does not ship: it may know every package. */
const AROUND = ["test", "bench", "tools"];

/** Packages that only one layer may know, so that they can be exchanged. */
const PACKAGES: readonly { readonly pattern: RegExp; readonly layers: readonly string[] }[] = [
  { pattern: /^(?:@grpc\/|grpc-|protobufjs)/, layers: ["rpc"] },
  { pattern: /^@photostructure\/sqlite/, layers: ["driver"] },
  { pattern: /^@oclif\//, layers: ["commands", "main"] },
  { pattern: /^cli-table3/, layers: ["cli"] },
];

const PLACES = "process|console|crypto|globalThis|fetch|Buffer|Intl";
const CLOCKS = "Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask";
const IMPURE = new RegExp(`(?<![.\\w$#])(?:${CLOCKS}|${PLACES})\\b(?!\\??:)`, "g");
/** Randomness, and what answers differently where the language of the machine is another. */
const CHANCE = /\bMath\.random\b|\.toLocale\w+\(|\.localeCompare\(/g;

/** The layer of a file; undefined for one that has no place. */
export function layerOf(path: string): string | undefined {
  if (path in FILES) return FILES[path];
  const [top = "", folder = ""] = path.split("/");
  const layer = top === "src" && path.split("/").length > 2 ? folder : top;
  return layer in ALLOWED && !Object.values(FILES).includes(layer) ? layer : undefined;
}

/** Imports that point the wrong way, in `path: what` lines. */
export function layerViolations(source: Source): string[] {
  const { path } = source;
  const layer = layerOf(path);
  if (layer === undefined) return [`${path}: has no layer: give it one in tidy_layers.ts`];
  const found: string[] = [];
  for (const { specifier, isType } of importsOf(source)) {
    const target = resolveImport(path, specifier);
    const reason =
      target === undefined
        ? packageReason(layer, specifier)
        : (privateReason(path, layer, target) ?? fileReason(layer, layerOf(target), isType));
    if (reason !== undefined) found.push(`${path}: imports ${specifier}: ${reason}`);
  }
  return found;
}

function fileReason(from: string, to: string | undefined, isType: boolean): string | undefined {
  if (from === to) return undefined;
  if (to === undefined || !(ALLOWED[from] ?? []).includes(to)) {
    return `${from} may not import ${to ?? "what has no layer"}`;
  }
  const isTypesOnly = from === "cli" && (to === "core" || to === "verify");
  return isTypesOnly && !isType ? `cli imports only types of ${to}` : undefined;
}

function privateReason(path: string, layer: string, target: string): string | undefined {
  const isOwn = posix.dirname(path) === posix.dirname(target) || AROUND.includes(layer);
  return isOwn || !posix.basename(target).startsWith("_")
    ? undefined
    : "it is private to its folder";
}

function packageReason(from: string, specifier: string): string | undefined {
  if (from === "core") return "core imports only itself and the leaf files";
  if (AROUND.includes(from)) return undefined;
  if (/^(?:node:)?assert\b/.test(specifier)) return "src/assert.ts is what asserts";
  const rule = PACKAGES.find(({ pattern }) => pattern.test(specifier));
  if (rule === undefined || rule.layers.includes(from)) return undefined;
  return `only ${rule.layers.join(" and ")} may`;
}

/** The file that a relative import names; undefined for packages and `node:`. */
function resolveImport(path: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined;
}

/** Clocks, timers, randomness, the process and the machine, in src/core. */
export function impurities({ path, code }: Source): string[] {
  if (layerOf(path) !== "core") return [];
  return [...code.matchAll(IMPURE), ...code.matchAll(CHANCE)].map(({ 0: name, index }) => {
    return `${path}:${lineAt(code, index)}: uses ${name}: core is pure`;
  });
}

/** Cycles of imports, types included: the files of each in order. */
export function importCycles(sources: readonly Source[]): string[] {
  const imports = new Map(sources.map((source) => [source.path, targetsOf(source)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return found;
}

function targetsOf(source: Source): string[] {
  return importsOf(source)
    .map(({ specifier }) => resolveImport(source.path, specifier))
    .filter((target) => target !== undefined);
}
