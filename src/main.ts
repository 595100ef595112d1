#!/usr/bin/env node
/** The command line's entry. A closed pipe ends a command silently: its reader has seen enough. */
import { execute } from "@oclif/core";
import { EXIT } from "./errors.ts";

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    throw error;
  });
}

await execute({ dir: import.meta.url });
