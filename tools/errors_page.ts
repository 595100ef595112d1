/**
 * docs/ERRORS.md: every message of the source with its cause and the way out, under its fault.
 *
 * The messages, the faults, their status and exit codes come from the source; causes and ways out are
 * written by hand in tools/errors.json, and are refused when they are missing or stale.
 */
import { EXIT, FAULTS, STATUS } from "../src/errors.ts";
import type { FaultCode } from "../src/errors.ts";
import * as limits from "../src/limits.ts";
import type { ErrorMessage } from "./error_messages.ts";

/** What is written by hand, by fault; `bug` is for errors of the program. */
export type WrittenErrors = Readonly<Record<string, WrittenFault>>;

interface WrittenFault {
  readonly about: string;
  readonly messages: Readonly<Record<string, { readonly cause: string; readonly wayOut: string }>>;
}

const BUG = "bug";

const HEAD = `# Errors

Every message that \`likes\` and its servers can give, by the fault that it belongs to. A fault has
one gRPC status for programs, one exit code for the command line, and travels by its name in the
trailer \`likes-fault\`; with \`--json\` it is the \`code\` of the error. \`<names>\` stand for values.
A text that a command prints may have the name of a flag in front. Exit codes are explained in
[COMMANDS.md](COMMANDS.md), troubles in [OPERATING.md](OPERATING.md#trouble-by-trouble).

This page is generated: \`npm run docs\`. The causes and ways out are in \`tools/errors.json\`.
`;

/** What is wrong with what is written by hand, in lines for people; none when all is well. */
export function errorsOutOfStep(
  written: WrittenErrors,
  messages: readonly ErrorMessage[],
): string[] {
  const found: string[] = [];
  const complain = (text: string): void => void found.push(`tools/errors.json: ${text}`);
  const codes = [...Object.keys(FAULTS), BUG];
  for (const code of codes) {
    if (!written[code]?.about) complain(`the fault ${code} has no "about"`);
  }
  for (const [code, fault] of Object.entries(written)) {
    if (!codes.includes(code)) complain(`${code} is no fault`);
    for (const [template, { cause, wayOut }] of Object.entries(fault.messages)) {
      const named = JSON.stringify(template);
      const message = messages.find((one) => one.template === template);
      if (message === undefined) complain(`${named} is no longer in the source`);
      else if (message.code !== undefined && message.code !== code) {
        complain(`${named} is under ${code}, but ${message.path} gives it as ${message.code}`);
      }
      if (cause === "" || wayOut === "") complain(`${named} has no cause or no way out`);
    }
  }
  for (const { template, code, path } of messages) {
    const places = Object.values(written).filter((fault) => template in fault.messages);
    const where = `under ${code ?? "its fault"}`;
    if (places.length === 0) complain(`${JSON.stringify(template)} of ${path} is missing ${where}`);
    if (places.length > 1) complain(`${JSON.stringify(template)} is there twice`);
  }
  return found;
}

/** The page. */
export function errorsPage(written: WrittenErrors): string {
  const sections = [...Object.keys(FAULTS), BUG].map((code) => section(code, written[code]));
  return [HEAD, ...sections].join("\n");
}

function section(code: string, fault: WrittenFault | undefined): string {
  const messages = Object.entries(fault?.messages ?? {}).map(([template, { cause, wayOut }]) => {
    return `- \`${withLimits(template)}\`\n  - Cause: ${cause}\n  - Way out: ${wayOut}\n`;
  });
  const head = `## ${code}\n\n${codesOf(code)}. ${fault?.about ?? ""}\n`;
  return [head, ...(messages.length > 0 ? [messages.join("")] : [])].join("\n");
}

function codesOf(code: string): string {
  if (!Object.hasOwn(FAULTS, code)) return `Status \`INTERNAL\` (13), exit code ${EXIT.failed}`;
  const { status, exit } = FAULTS[code as FaultCode];
  return `Status \`${status}\` (${STATUS[status]}), exit code ${exit}`;
}

/** `<WATCHERS_MAX>` is a bound of src/limits.ts: its value stands in the page. */
function withLimits(template: string): string {
  return template.replaceAll(/<([A-Z0-9_]+)>/g, (all, name: string) => {
    const value: unknown = (limits as Record<string, unknown>)[name];
    return typeof value === "number" ? String(value) : all;
  });
}
