/** Flags that several commands share. They are parsed strictly, before the first effect. */
import { resolve } from "node:path";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import {
  PORT_MAX,
  parseAddress,
  parseHost,
  formatAddress,
  isLoopback,
  isWildcard,
} from "../src/text/address.ts";
import { defaultDataDir } from "../src/cli/data_dir.ts";
import { parseDuration, writeDuration } from "../src/text/duration.ts";
import { parseWhole } from "../src/text/numbers.ts";
import { parseSize } from "../src/text/size.ts";
import { checkItemId } from "../src/core/protocol/like_event.ts";
import { checkSite, checkSubject } from "../src/core/protocol/subject.ts";
import { LikesError } from "../src/errors.ts";
import {
  CALL_WAIT_DEFAULT_MS,
  INTERVAL_FLOOR_MS,
  INTERVAL_MAX_DEFAULT_MS,
  INTERVAL_MIN_DEFAULT_MS,
  LIKES_MAX_DEFAULT,
  PERSONS_MAX,
  LIKES_PER_EVENT_MAX,
  PORT_DEFAULT,
  SERVER_ID_CHARS_MAX,
} from "../src/limits.ts";

/** The largest seed. */
const SEED_MAX = 2 ** 32 - 1;

/**
 * Defines arguments read by `parse`, which throws for invalid text. Stdin is off, because oclif
 * reads a missing argument from the caller's stdin. That may be the rest of a script.
 */
export function argument<T>(parse: (text: string) => T) {
  return Args.custom<T>({ ignoreStdin: true, parse: (text) => Promise.resolve(parse(text)) });
}

/** Defines flags that take a duration such as 30s, at least `minMs`, in milliseconds. */
export function durationFlag(minMs: number) {
  return Flags.custom<number>({
    parse: (text) => Promise.resolve(parseDurationFrom(text, minMs)),
  });
}

/** Returns the help text of a default of `durationMs`, such as `30s`. */
export function inWords(durationMs: number) {
  return () => Promise.resolve(writeDuration(durationMs));
}

function parseDurationFrom(text: string, minMs: number): number {
  const durationMs = parseDuration(text);
  if (durationMs >= minMs) return durationMs;
  throw new LikesError("usage", `Cannot use the duration ${text}: give at least ${minMs}ms`);
}

/** Defines flags that take a size such as 256MiB, up to `bytesMax`, in bytes. */
export function sizeFlag(bytesMax: number) {
  return Flags.custom<number>({
    parse: (text) => Promise.resolve(parseSize(text, bytesMax)),
  });
}

/** Defines flags that take a whole number within bounds. */
export function wholeFlag(min: number, max: number) {
  return Flags.custom<number>({
    parse: (text) => Promise.resolve(parseWhole(text, min, max, "the number")),
  });
}

/** Port to listen on. */
export const portFlag = Flags.custom<number>({
  parse: (text) => Promise.resolve(parseWhole(text, 0, PORT_MAX, "the port")),
});

/** An address of a peer, as `host:port`. */
export const addressFlag = Flags.custom<string>({
  parse: (text) => Promise.resolve(peerAddress(text)),
});

function peerAddress(text: string): string {
  const address = parseAddress(text);
  if (address.port > 0) return formatAddress(address);
  throw new LikesError("usage", `Cannot reach ${text}: port 0 is for listening; give the real one`);
}

/** The placeholder of folders in help. Completion recognizes them by it. */
export const FOLDER = "FOLDER";

/** The placeholder of files in help. Completion recognizes them by it. */
export const FILE = "FILE";

/** Defines flags that take a file. */
export const fileFlag = Flags.custom<string>({ helpValue: FILE });

/** Defines flags that take a folder, and make it absolute. */
export const folderFlag = Flags.custom<string>({
  helpValue: FOLDER,
  parse: (text) => Promise.resolve(parseFolder(text)),
});

/** Returns the absolute path of a folder. Throws LikesError `usage`. */
export function parseFolder(text: string): string {
  if (text !== "") return resolve(text);
  throw new LikesError("usage", "Cannot use an empty folder name: give a folder, e.g. ./state");
}

/** Returns a valid item id. Throws LikesError `like_invalid`. */
export function parseItem(text: string): string {
  const rejection = checkItemId(text);
  if (rejection !== undefined) throw new LikesError(rejection.code, rejection.message);
  return text;
}

/** A person, in the words of the site. */
export const personFlag = Flags.custom<string>({
  helpValue: "SUBJECT",
  parse: (text) => Promise.resolve(parseSubject(text)),
});

/** Returns a subject. Throws LikesError `usage`. */
export function parseSubject(text: string): string {
  const refusal = checkSubject(text);
  if (refusal !== undefined) throw new LikesError("usage", refusal.message);
  return text;
}

/** Returns a site with a name. Throws LikesError `usage`. */
export function parseSite(text: string): string {
  if (text === "") throw new LikesError("usage", "Cannot use an empty site: give its name");
  const refusal = checkSite(text);
  if (refusal !== undefined) throw new LikesError("usage", refusal.message);
  return text;
}

/** The default address of the primary. */
export const PRIMARY_ADDRESS = `127.0.0.1:${PORT_DEFAULT}`;

/** The primary's address. */
export const primaryFlag = addressFlag({
  summary: "address of the primary",
  default: PRIMARY_ADDRESS,
  helpValue: "HOST:PORT",
});

/** The wait for one answer, in milliseconds. */
export const timeoutFlag = durationFlag(1)({
  summary: "how long to wait for the answer",
  default: CALL_WAIT_DEFAULT_MS,
  defaultHelp: inWords(CALL_WAIT_DEFAULT_MS),
});

/** The address where others reach a role. */
const advertiseFlag = Flags.custom<string>({
  parse: (text) => Promise.resolve(advertisedAddress(text)),
});

function advertisedAddress(text: string): string {
  const address = peerAddress(text);
  if (!isWildcard(parseAddress(address).host)) return address;
  const found = "it means every address of a machine; give one where others reach this role";
  const message = `Cannot advertise ${text}: ${found}`;
  throw new LikesError("usage", message);
}

/** The flags of a role: where it listens, and its folders. */
export const roleFlags = {
  host: Flags.custom<string>({ parse: (text) => Promise.resolve(parseHost(text)) })({
    summary: "address to listen on; any but loopback needs --insecure",
    default: "127.0.0.1",
  }),
  advertise: advertiseFlag({
    summary: "address where others reach this role, if not where it listens",
    helpValue: "HOST:PORT",
  }),
  "data-dir": folderFlag({
    summary: "folder of the state; default $XDG_STATE_HOME/likes, else $HOME/.local/state/likes",
    defaultHelp: () => Promise.resolve("$XDG_STATE_HOME/likes"),
    default: () => Promise.resolve(defaultDataDir(process.env)),
    noCacheDefault: true,
  }),
  "log-dir": folderFlag({
    summary: "folder of the logs, one folder for each process",
    default: "/tmp",
  }),
  insecure: Flags.boolean({
    summary: "listen beyond loopback, without encryption or authentication",
  }),
};

/** The flags of a generator. */
export const generatorFlags = {
  "interval-min": durationFlag(INTERVAL_FLOOR_MS)({
    summary: "shortest interval between two numbers",
    default: INTERVAL_MIN_DEFAULT_MS,
    defaultHelp: inWords(INTERVAL_MIN_DEFAULT_MS),
  }),
  "interval-max": durationFlag(INTERVAL_FLOOR_MS)({
    summary: "longest interval between two numbers",
    default: INTERVAL_MAX_DEFAULT_MS,
    defaultHelp: inWords(INTERVAL_MAX_DEFAULT_MS),
  }),
  "likes-max": wholeFlag(
    0,
    LIKES_PER_EVENT_MAX,
  )({
    summary: `largest number of likes; the smallest is 0 (0 to ${LIKES_PER_EVENT_MAX})`,
    default: LIKES_MAX_DEFAULT,
  }),
  persons: wholeFlag(
    0,
    PERSONS_MAX,
  )({
    summary: `persons who like, take back and repeat, instead of numbers (0 to ${PERSONS_MAX})`,
    default: 0,
  }),
  item: Flags.custom<string>({ parse: (text) => Promise.resolve(parseItem(text)) })({
    summary: "liked item",
    default: "video",
  }),
  seed: wholeFlag(
    0,
    SEED_MAX,
  )({
    summary: `seed of intervals and numbers (0 to ${SEED_MAX}); drawn and printed by default`,
  }),
};

/** Returns a server id that is safe as a folder's name. Throws LikesError `usage`. */
export function parseServerId(text: string): string {
  const fits = text.length <= SERVER_ID_CHARS_MAX && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text);
  if (fits && text !== "primary") return text;
  const message =
    `Cannot use the id ${JSON.stringify(text)}: give 1 to ${SERVER_ID_CHARS_MAX} ` +
    `of a-z A-Z 0-9 . _ -, not "primary"`;
  throw new LikesError("usage", message);
}

/** Returns the name of a member: any server id, or an outbox id. Throws LikesError `usage`. */
export function parseMember(text: string): string {
  if (text.length <= SERVER_ID_CHARS_MAX && /^[A-Za-z0-9._-]+$/.test(text)) return text;
  const message =
    `Cannot find a LikesServer by ${JSON.stringify(text)}: give its id, or that of its outbox; ` +
    "see likes status";
  throw new LikesError("usage", message);
}

/** Checks that only --insecure listens beyond this machine. Throws LikesError `address_exposed`. */
export function checkExposure(host: string, insecure: boolean): void {
  if (insecure || isLoopback(host)) return;
  const message =
    `Cannot listen on ${host}: nothing is encrypted yet; listen on 127.0.0.1, or ` +
    "add --insecure";
  throw new LikesError("address_exposed", message);
}

/** Checks that the shortest interval is not above the longest. Throws LikesError `usage`. */
export function checkIntervals(minMs: number, maxMs: number): void {
  if (minMs <= maxMs) return;
  const [min, max] = [writeDuration(minMs), writeDuration(maxMs)];
  const found = `--interval-min ${min} is above --interval-max ${max}`;
  throw new LikesError("usage", `Cannot draw an interval: ${found}; change one of them`);
}

/** A command line as oclif parsed it. */
export interface Parsed {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly metadata: {
    readonly flags: Readonly<Record<string, { readonly setFromDefault?: boolean } | undefined>>;
  };
}

/** Returns whether the flag `name` was typed, not defaulted. */
export function isGiven({ flags, metadata }: Parsed, name: string): boolean {
  return flags[name] !== undefined && metadata.flags[name]?.setFromDefault !== true;
}

/** Checks that no flag needs the missing flag `needed`. Throws LikesError `usage`. */
export function checkNeeded(parsed: Parsed, names: readonly string[], needed: string): void {
  const idle = isGiven(parsed, needed) ? undefined : names.find((name) => isGiven(parsed, name));
  if (idle === undefined) return;
  const found = `it does nothing without --${needed}; add --${needed}, or leave out --${idle}`;
  throw new LikesError("usage", `Cannot use --${idle}: ${found}`);
}

/** Returns the seed, or draws one. */
export function seedOf(seed: number | undefined): number {
  return seed ?? Math.floor(Math.random() * (SEED_MAX + 1));
}
