/** A run of `likes orchestrate` as a person starts it, looked at from outside. */
import { PrimaryClient } from "../src/rpc/client/primary_client.ts";
import { Orchestration } from "../test/fixtures/orchestration.ts";
import { preciseMs } from "./clock.ts";
import { expectSame } from "./figure.ts";

const ANSWER_WAIT_MS = 5_000;
/** Printed when all are admitted, which is after the primary has seen them stream. */
const READY = /^seed {6}\d+$/m;

/** A run that works. */
export interface WorkingRun {
  readonly orchestration: Orchestration;
  /** From before the parent was forked until it told that all stream, seen within 20 ms. */
  readonly toStreamingMs: number;
  /** The processes that it forked, by name. */
  readonly roles: ReadonlyMap<string, number>;
}

/**
 * Starts a run of so many LikesServers, lets `look` look at it once all stream, ends its giving, and
 * waits for the verdict. Throws unless all streamed, and unless it ends exact and converged.
 */
export async function orchestrated<T>(
  servers: number,
  look: (run: WorkingRun) => Promise<T>,
): Promise<T> {
  const startMs = preciseMs();
  await using orchestration = new Orchestration([
    "--json",
    "--duration=1h",
    `--servers=${servers}`,
  ]);
  await orchestration.parent.waitFor(READY);
  const toStreamingMs = preciseMs() - startMs;
  const primary = await orchestration.started();
  expectSame("the number of LikesServers that stream", await streaming(primary), servers);
  const ids = Array.from({ length: servers }, (_, number) => `likes-server-${number}`);
  const roles = new Map(["primary", ...ids].map((name) => [name, orchestration.pid(name)]));
  const found = await look({ orchestration, toStreamingMs, roles });
  for (const [name, pid] of roles) {
    expectSame(`the process of ${name} in the end`, orchestration.pid(name), pid);
  }
  orchestration.finish();
  const { code, verdict, exact, converged } = await orchestration.jsonResult();
  const ended = { code, verdict, exact, converged };
  const right = { code: 0, verdict: "exact", exact: true, converged: true };
  expectSame("the verdict", JSON.stringify(ended), JSON.stringify(right));
  return found;
}

async function streaming(primary: string): Promise<number> {
  const client = new PrimaryClient(primary);
  const { servers } = await client.status(ANSWER_WAIT_MS);
  client.close();
  return servers.filter(({ state }) => state === "streaming").length;
}
