import * as Flags from "@oclif/core/flags";
import { LikesError } from "../src/errors.ts";
import { KEYS_PER_SITE_MAX } from "../src/limits.ts";
import { shellWord } from "../src/text/escape.ts";
import { countOf } from "../src/text/numbers.ts";
import { BaseCommand } from "./_base_command.ts";
import { argument, parseSite, roleFlags } from "./_flags.ts";

/** `likes key`. */
export class Key extends BaseCommand {
  static override summary = "print the keys of a site, and make the first one";
  static override description =
    "The site's backend signs the tokens of its users with a key (JWT, HS256), and sends it as its " +
    "own bearer token. Prints one key a line, the oldest first. The file sites.keys in the state " +
    "folder has them, for its owner alone; LikesServers of that folder follow it within a second. " +
    `To change a key, add one, give it to the backend, and remove the old one: up to ` +
    `${KEYS_PER_SITE_MAX} count at the same time.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> blog",
    'KEY="$(<%= config.bin %> <%= command.id %> blog)"',
    "<%= config.bin %> <%= command.id %> blog --add",
    '<%= config.bin %> <%= command.id %> blog --remove "$KEY"',
  ];
  static override args = {
    site: argument(parseSite)({
      description: "the site: what stands before the slash of its items",
      required: true,
    }),
  };
  static override flags = {
    add: Flags.boolean({ summary: "add a key, and print it alone; the others still count" }),
    remove: Flags.string({
      summary: "remove a key: it counts no more",
      helpValue: "KEY",
      exclusive: ["add"],
    }),
    "data-dir": roleFlags["data-dir"],
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Key);
    const { site } = args;
    const dataDir = flags["data-dir"];
    const { addSiteKey, firstSiteKey, readSiteKeys } = await import("../src/store/site_keys.ts");
    if (flags.remove !== undefined) return this.#remove(dataDir, site, flags.remove);
    if (flags.add) return this.#print(site, [addSiteKey(dataDir, site)]);
    const keys = readSiteKeys(dataDir).get(site);
    this.#print(site, keys ?? [firstSiteKey(dataDir, site)]);
    if (keys === undefined) this.#tell(`${site} had no key: its first one is made`);
  }

  async #remove(dataDir: string, site: string, key: string): Promise<void> {
    const { readSiteKeys, removeSiteKey } = await import("../src/store/site_keys.ts");
    if (!removeSiteKey(dataDir, site, key)) {
      const found = `the site has no such one; give a whole key of likes key ${shellWord(site)}`;
      throw new LikesError("usage", `Cannot remove the key: ${found}`);
    }
    const keysLeft = readSiteKeys(dataDir).get(site)?.length ?? 0;
    if (this.jsonEnabled()) this.printJson({ site, removed: true, keysLeft });
    this.#tell(`removed: ${site} has ${countOf(keysLeft, "key")} left`);
  }

  /** Not as a result to keep: stderr, which may end in a log, must not get a key. */
  #print(site: string, keys: readonly string[]): void {
    for (const key of keys) {
      if (this.jsonEnabled()) this.printJson({ site, key });
      else this.printResult(key);
    }
  }

  #tell(text: string): void {
    if (!this.jsonEnabled()) this.printMessage(text);
  }
}
