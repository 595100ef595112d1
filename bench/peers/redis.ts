/** Redis: INCRBY in pipelines of 100, from its own benchmark. */
import { temporaryFolder } from "../../test/fixtures/temporary_folder.ts";
import type { ItemCase } from "../item_cases.ts";
import { ServerProcess, found, freePort, run } from "./server.ts";

const SERVER = "/usr/bin/redis-server";

/** Why Redis cannot be measured; undefined when it can. */
export const missing = found([SERVER]) === undefined ? "no redis-server here" : undefined;

/** When Redis syncs its log. */
export type Sync = "everysec" | "always";

/** Returns the increments per second. A case by Zipf's law has no benchmark in Redis. */
export async function incrementsPerS(
  { items }: ItemCase,
  increments: number,
  sync: Sync,
): Promise<number> {
  await using folder = temporaryFolder();
  const port = String(await freePort());
  const log = ["--appendonly", "yes", "--appendfsync", sync, "--save", ""];
  const where = ["--port", port, "--bind", "127.0.0.1", "--dir", folder.path];
  const client = ["-h", "127.0.0.1", "-p", port];
  await using _server = await ServerProcess.start(SERVER, [...where, ...log], () => {
    return run("redis-cli", [...client, "ping"]);
  });
  const incr = (count: number) => {
    const load = ["-n", String(count), "-r", String(items), "-P", "100", "-c", "50", "--csv"];
    return run("redis-benchmark", [...client, ...load, "INCRBY", "video:__rand_int__", "3"]);
  };
  await incr(2 * items); // most items exist then
  const { stdout } = await incr(increments);
  const [, perS] = /^"INCRBY[^"]*","([0-9.]+)"/m.exec(stdout) ?? [];
  if (perS === undefined) throw new Error(`Cannot read redis-benchmark: ${stdout}`);
  return Number(perS);
}
