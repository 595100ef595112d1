/**
 * Handles output that cannot be written: the reader is gone, or the disk is full.
 *
 * A command exits with a special code, because the caller does not know its result. It prints the
 * result on stderr, so that the caller does not repeat it. A role keeps running; its log has the
 * same lines.
 */
import type { Buffer } from "node:buffer";
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { EXIT } from "../errors.ts";

type OutputStream = NodeJS.WriteStream & { readonly fd: number };

/** The streams a process prints to. */
export interface Output {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

let isServing = false;
let result = "";
/** The error of each stream; Node forgets the errors of stdout and stderr. */
const failures = new Map<OutputStream, Error>();

/** Drops output that cannot be written from now on: this process is a role. */
export function serveUnread(): void {
  isServing = true;
}

/** Keeps `text`, the result or the error of this command, in case stdout cannot be written. */
export function keepResult(text: string): void {
  result = text;
}

/** Watches the output of this process from now on. */
export function watchOutput({ stdout, stderr }: Output): void {
  for (const stream of [stdout, stderr]) {
    if (!(stream instanceof Socket)) writeWhole(stream); // a file or a device
    stream.removeAllListeners("error"); // oclif's listener ends the process
    stream.on("error", (error: Error) => {
      failures.set(stream, error);
      if (!isServing) process.exit();
    });
  }
  process.on("exit", (code) => {
    if (!isServing) endWriteFailure(code, failureOf(stdout), failureOf(stderr));
  });
}

/** Runs at exit: many commands exit right after their last line, before an error event. */
function endWriteFailure(code: number, ofStdout?: Error, ofStderr?: Error): void {
  const failure = ofStdout ?? ofStderr;
  if (failure === undefined) return;
  const isUnread = (failure as NodeJS.ErrnoException).code === "EPIPE";
  if (code === EXIT.done) process.exitCode = isUnread ? EXIT.outputClosed : EXIT.outputFailed;
  if (ofStdout === undefined || (isUnread && result === "")) return;
  const found = isUnread ? "its reader is gone" : ofStdout.message;
  const said = result === "" ? "" : `; the output was: ${result.replaceAll("\n", " ")}`;
  writeStderr(`Error: Cannot write the output: ${found}; write it elsewhere${said}\n`);
}

function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Only the exit code is left to report it.
  }
}

function failureOf(stream: OutputStream): Error | undefined {
  return failures.get(stream) ?? stream.errored ?? undefined;
}

/** Writes every byte: on a nearly full disk, Node takes a partial write for a whole one. */
function writeWhole(stream: OutputStream): void {
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let bytes = 0; bytes < chunk.length;) bytes += writeSync(stream.fd, chunk, bytes);
    } catch (error) {
      return done(error as Error);
    }
    done();
  };
}
