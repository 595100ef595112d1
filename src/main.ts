#!/usr/bin/env node
/** The command line's entry. A closed pipe ends a command silently: its reader has seen enough. */
import { EXIT, FAULTS } from "./errors.ts";
import { refuseNode } from "./node_version.ts";

const refusal = refuseNode(process.versions.node);
if (refusal !== undefined) {
  process.stderr.write(`Error: ${refusal.message}\n`);
  process.exit(FAULTS[refusal.code].exit);
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    throw error;
  });
}

const { execute } = await import("@oclif/core");
await execute({ dir: import.meta.url });
