/** PostgreSQL: 1,000 events per transaction, summed by item and sorted, from pgbench. */
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../test/fixtures/temporary_folder.ts";
import type { ItemCase } from "../item_cases.ts";
import { ServerProcess, freePort, run } from "./server.ts";

const ROOT = "/usr/lib/postgresql";
const EVENTS_PER_TRANSACTION = 1_000;
/** PostgreSQL refuses to run as root. */
const USER = "postgres";

/** Why PostgreSQL cannot be measured; undefined when it can. */
export const missing = binaries() === undefined ? "no PostgreSQL here" : undefined;

/** Whether the items have the index that our ledger has, by likes. */
export interface PostgresOptions {
  readonly isRanked: boolean;
}

/** Returns the events per second, one client, all settings of durability as they come. */
export async function eventsPerS(
  { items, isZipf }: ItemCase,
  events: number,
  { isRanked }: PostgresOptions,
): Promise<number> {
  await using folder = temporaryFolder();
  const bin = binaries();
  if (bin === undefined) throw new Error("Cannot measure PostgreSQL: it is not installed");
  chmodSync(folder.path, 0o777);
  const data = join(folder.path, "data");
  await asUser([join(bin, "initdb"), "-A", "trust", "-D", data]);
  const port = String(await freePort());
  const client = ["-h", "127.0.0.1", "-p", port, "-U", USER, "postgres"];
  const psql = (sql: string) => run(join(bin, "psql"), ["-q", ...client, "-c", sql]);
  const where = ["-D", data, "-p", port, "-h", "127.0.0.1", "-k", folder.path];
  const command = ["-u", USER, "--", join(bin, "postgres"), ...where];
  await using _server = await ServerProcess.start("runuser", command, () => psql("SELECT 1"));
  await psql(
    'CREATE TABLE items (item_id text COLLATE "C" PRIMARY KEY, likes bigint NOT NULL);' +
      `INSERT INTO items SELECT 'video-' || i, 1 FROM generate_series(0, ${items - 1}) AS i;` +
      (isRanked ? "CREATE INDEX ON items (likes DESC, item_id);" : "") +
      "CREATE TABLE ledger (total bigint NOT NULL); INSERT INTO ledger VALUES (0); CHECKPOINT",
  );
  await psql("VACUUM ANALYZE");
  const index = isZipf ? `power(${items}, random())::bigint - 1` : `random() * ${items - 1}`;
  const script = join(folder.path, "transaction.sql");
  writeFileSync(
    script,
    `BEGIN; UPDATE ledger SET total = total + ${3 * EVENTS_PER_TRANSACTION};\n` +
      "INSERT INTO items SELECT id, sum(3) FROM (SELECT 'video-' || " +
      `floor(greatest(${index}, 0))::bigint AS id FROM generate_series(1, ${EVENTS_PER_TRANSACTION})) ` +
      'AS events GROUP BY id ORDER BY id COLLATE "C" ' +
      "ON CONFLICT (item_id) DO UPDATE SET likes = items.likes + excluded.likes;\nCOMMIT;\n",
  );
  const transactions = String(Math.max(1, events / EVENTS_PER_TRANSACTION));
  const load = ["-n", "-c", "1", "-t", transactions, "-f", script];
  const { stdout } = await run(join(bin, "pgbench"), [...load, ...client]);
  const [, tps] = /^tps = ([0-9.]+)/m.exec(stdout) ?? [];
  if (tps === undefined) throw new Error(`Cannot read pgbench: ${stdout}`);
  return Number(tps) * EVENTS_PER_TRANSACTION;
}

function asUser(command: readonly string[]): Promise<unknown> {
  return run("runuser", ["-u", USER, "--", ...command]);
}

/** Returns the folder of the newest version's programs; undefined without one. */
function binaries(): string | undefined {
  try {
    const newest = readdirSync(ROOT).toSorted((a, b) => Number(b) - Number(a))[0];
    return newest === undefined ? undefined : join(ROOT, newest, "bin");
  } catch {
    return undefined;
  }
}
