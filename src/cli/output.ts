/**
 * What a process does when its output cannot be written: the reader is gone, or a disk is full.
 *
 * A command ends with an exit code of its own, because its result is unknown to the caller. It says on
 * stderr what it has done, so that the caller does not repeat it. A role keeps running, and its log has
 * what it would have printed.
 */
import type { Buffer } from "node:buffer";
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { EXIT } from "../errors.ts";

type Printed = NodeJS.WriteStream & { readonly fd: number };

/** What a process prints to. */
export interface Output {
  readonly stdout: Printed;
  readonly stderr: Printed;
}

let isServing = false;
let result = "";
/** What each stream failed with; Node forgets that of its own streams. */
const failures = new Map<Printed, Error>();

/** From now on output that cannot be written is let go of, whatever the reason: this is a role. */
export function serveUnread(): void {
  isServing = true;
}

/** Keeps `text`, what this command has done or why it has not, for who cannot read its output. */
export function keepResult(text: string): void {
  result = text;
}

/** Looks after what this process prints, from now on. */
export function watchOutput({ stdout, stderr }: Output): void {
  for (const stream of [stdout, stderr]) {
    if (!(stream instanceof Socket)) writeWhole(stream); // to a file, or a device
    stream.removeAllListeners("error"); // oclif's, which ends a role
    stream.on("error", (error: Error) => {
      failures.set(stream, error);
      if (!isServing) process.exit();
    });
  }
  process.on("exit", (code) => {
    if (!isServing) endWriteFailure(code, failureOf(stdout), failureOf(stderr));
  });
}

/** At the end, because many a command ends at once after its last line, before an error is heard. */
function endWriteFailure(code: number, ofStdout?: Error, ofStderr?: Error): void {
  const failure = ofStdout ?? ofStderr;
  if (failure === undefined) return;
  const isUnread = (failure as NodeJS.ErrnoException).code === "EPIPE";
  if (code === EXIT.done) process.exitCode = isUnread ? EXIT.outputClosed : EXIT.outputFailed;
  if (ofStdout === undefined || (isUnread && result === "")) return;
  const found = isUnread ? "nobody reads it any more" : ofStdout.message;
  const said = result === "" ? "" : `; it says: ${result.replaceAll("\n", " ")}`;
  tell(`Error: Cannot write the output: ${found}; write it elsewhere${said}\n`);
}

function tell(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // There is nowhere left to say it; the exit code does.
  }
}

function failureOf(stream: Printed): Error | undefined {
  return failures.get(stream) ?? stream.errored ?? undefined;
}

/** Node takes a part for the whole where a disk has room for a part alone. */
function writeWhole(stream: Printed): void {
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let bytes = 0; bytes < chunk.length;) bytes += writeSync(stream.fd, chunk, bytes);
    } catch (error) {
      return done(error as Error);
    }
    done();
  };
}
