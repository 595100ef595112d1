import { existsSync } from "node:fs";
import { join } from "node:path";
import * as Flags from "@oclif/core/flags";
import { quote } from "../src/text/escape.ts";
import { labelText } from "../src/text/names.ts";
import { countOf } from "../src/text/numbers.ts";
import { StopSignals } from "../src/cli/signals.ts";
import { EXIT, LikesError } from "../src/errors.ts";
import type { BackedUp, BackupOptions } from "../src/store/backup.ts";
import type { FoundStore } from "../src/store/data_folder.ts";
import { BaseCommand } from "./_base_command.ts";
import { argument, parseFolder, roleFlags } from "./_flags.ts";
import type { LiveScreen } from "./_live_screen.ts";

/** `likes backup`. */
export class Backup extends BaseCommand {
  static override summary = "copy the ledger and the outboxes, while their roles run";
  static override description =
    "Each store becomes <destination>/<name>/*.sqlite: one verified commit in one file for " +
    "its owner alone. The ledger is copied first, so no outbox is older than it. The secret of " +
    "persons, the list of forgotten ones and the keys of sites are copied, too. Overwrites " +
    "nothing. If a store cannot be copied, it is named, and the others are copied. A restored " +
    "ledger knows that it is a copy; docs/OPERATING.md has the steps.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> backup-1",
    "<%= config.bin %> <%= command.id %> /mnt/backup/monday --id primary",
  ];
  static override args = {
    destination: argument(parseFolder)({
      description: "folder of the copies; made if absent",
      required: true,
    }),
  };
  static override flags = {
    "data-dir": roleFlags["data-dir"],
    id: Flags.string({ summary: "copy one store: the id of a LikesServer, or primary" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Backup);
    const { storesIn } = await import("../src/store/data_folder.ts");
    const { LiveScreen } = await import("./_live_screen.ts");
    const chosen = choose(storesIn(flags["data-dir"]), flags.id);
    for (const { name } of chosen) checkNotTaken(join(args.destination, name));
    const screen = new LiveScreen(process.stderr);
    const failures: LikesError[] = [];
    const signals = new StopSignals(() => process.exit(EXIT.interrupted));
    let isInterrupted = false;
    void signals.first.then(() => (isInterrupted = true));
    const copying = { destination: args.destination, screen, isInterrupted: () => isInterrupted };
    for (const store of chosen) {
      try {
        await this.#copy(store, copying);
      } catch (error) {
        if (error instanceof AbortedError) this.#endInterrupted(store);
        if (!isOfOneStore(error)) throw error;
        failures.push(error);
      }
    }
    if (flags.id === undefined) await this.#copyShared(flags["data-dir"], args.destination);
    signals.release();
    const [first] = failures;
    if (first === undefined) return;
    throw new LikesError(first.code, failures.map(({ message }) => message).join("\n"));
  }

  async #copyShared(dataDir: string, destination: string): Promise<void> {
    const { copySharedFiles } = await import("../src/store/shared_files.ts");
    const files = copySharedFiles(dataDir, destination);
    if (files.length === 0) return;
    const json = { store: "shared", kind: "files", files };
    this.done(`shared: ${files.join(", ")} in ${destination}`, json);
  }

  #endInterrupted({ name }: FoundStore): never {
    this.printMessage(`Interrupted: the partial copy of ${labelText(name)} is removed`);
    process.exit(EXIT.interrupted);
  }

  async #copy(store: FoundStore, { destination, screen, isInterrupted }: Copying): Promise<void> {
    const { backUp } = await import("../src/store/backup.ts");
    const { recordCodec } = await import("../src/format/record_codec.ts");
    const { name, folder, kind } = store;
    const draw = progressOn(screen, name);
    const onProgress = (copied: number, all: number): void => {
      if (isInterrupted()) throw new AbortedError();
      draw?.(copied, all);
    };
    const options = { nowUnixMs: Date.now(), codec: recordCodec, onProgress };
    const to = join(destination, name);
    const copied = await backUp(folder, kind, to, options).finally(() => screen.clear());
    this.done(copiedText(name, copied), copiedJson(name, copied));
  }
}

/** Shared by the copies of one run. */
interface Copying {
  readonly destination: string;
  readonly screen: LiveScreen;
  readonly isInterrupted: () => boolean;
}

/** Thrown to end a copy at a signal. The copy then removes what it has written. */
class AbortedError extends Error {}

/** Returns whether other stores can still be copied. A full disk is full for all. */
function isOfOneStore(error: unknown): error is LikesError {
  return error instanceof LikesError && error.code !== "disk_full";
}

/** Returns a bar for copying, and a message for verifying, which takes longer. */
function progressOn(screen: LiveScreen, name: string): BackupOptions["onProgress"] {
  const bar = screen.bar("byte");
  if (bar === undefined) return undefined;
  return (copied, all) => {
    if (copied < all) bar(copied, all);
    else screen.draw(`verifying the copy of ${labelText(name)}`);
  };
}

/** Returns all stores, or the named one. Throws LikesError `usage`. */
function choose(stores: readonly FoundStore[], name: string | undefined): readonly FoundStore[] {
  const chosen = stores.filter((store) => name === undefined || store.name === name);
  if (chosen.length > 0) return chosen;
  const names = stores.map((store) => store.name).join(", ");
  const message = `Cannot back up ${quote(name ?? "")}: no store has that name; give one of ${names}`;
  throw new LikesError("usage", message);
}

/** Checks every folder before the first copy, or a backup could be partial. Throws `usage`. */
function checkNotTaken(folder: string): void {
  if (!existsSync(folder)) return;
  const message = `Cannot back up to ${quote(folder)}: it exists already; give another folder`;
  throw new LikesError("usage", message);
}

function copiedText(name: string, copied: BackedUp): string {
  const { kind, path, bytes } = copied;
  const held =
    copied.kind === "ledger"
      ? `${countOf(copied.totalLikes, "like")}, version ${copied.version}`
      : `${countOf(copied.events, "event")}, ${countOf(copied.likes, "like")} accepted`;
  return `${name}: ${kind} with ${held}; ${countOf(bytes, "byte")} in ${path}`;
}

function copiedJson(store: string, copied: BackedUp): unknown {
  const { bytes, ...rest } = copied;
  const likes =
    rest.kind === "ledger"
      ? { totalLikes: String(rest.totalLikes) }
      : { likes: String(rest.likes), events: String(rest.events) };
  return { store, ...rest, ...likes, bytes: String(bytes) };
}
