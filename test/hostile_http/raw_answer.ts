/** Reads answers by the letter of RFC 9112. Whatever a client might read in two ways is malformed. */

/** An answer. */
export interface RawAnswer {
  readonly status: number;
  /** Values by name in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The answers in some bytes. */
export interface RawAnswers {
  readonly answers: readonly RawAnswer[];
  /** Bytes of an answer that is not whole. */
  readonly rest: string;
}

const STATUS_LINE = /^HTTP\/1\.1 (?<status>[1-5]\d\d) [A-Za-z ]+$/;
const FIELD = /^(?<name>[A-Za-z-]+): (?<value>[\t\x20-\x7e]*)$/;
const CHUNK = /^(?<size>[\da-f]+)\r\n/i;

/**
 * Takes answers apart, to requests with `methods`. More answers than methods are read as those to
 * GET. Throws when something is malformed.
 */
export function answersIn(
  bytes: string,
  methods: readonly string[],
  isClosed: boolean,
): RawAnswers {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  while (rest !== "") {
    const head = rest.indexOf("\r\n\r\n");
    if (head === -1) return { answers, rest };
    const { status, fields } = readHead(rest.slice(0, head));
    const after = rest.slice(head + 4);
    const isInterim = status < 200;
    const hasBody =
      !isInterim && ![204, 304].includes(status) && methods[answers.length] !== "HEAD";
    const read = hasBody ? readBody(after, fields, isClosed) : { body: "", rest: after };
    if (read === undefined) return { answers, rest };
    rest = read.rest;
    if (!isInterim) answers.push({ status, fields, body: read.body });
  }
  return { answers, rest };
}

function readHead(head: string): Pick<RawAnswer, "status" | "fields"> {
  const [line = "", ...lines] = head.split("\r\n");
  const { status } = STATUS_LINE.exec(line)?.groups ?? {};
  if (status === undefined) throw new Error(`Cannot read the status line ${JSON.stringify(line)}`);
  const fields = new Map<string, string>();
  for (const text of lines) {
    const { name = "", value = "" } = FIELD.exec(text)?.groups ?? {};
    const key = name.toLowerCase();
    if (key === "" || fields.has(key)) throw new Error(`Cannot read ${JSON.stringify(text)}`);
    fields.set(key, value);
  }
  return { status: Number(status), fields };
}

function readBody(
  bytes: string,
  fields: RawAnswer["fields"],
  isClosed: boolean,
): { readonly body: string; readonly rest: string } | undefined {
  const length = fields.get("content-length");
  const coding = fields.get("transfer-encoding");
  if (length !== undefined && coding !== undefined) throw new Error("Cannot tell the length: two");
  if (coding === "chunked") return readChunks(bytes);
  if (length === undefined) return isClosed ? { body: bytes, rest: "" } : undefined;
  if (!/^\d+$/.test(length)) throw new Error(`Cannot read the length ${length}`);
  if (bytes.length < Number(length)) return undefined;
  return { body: bytes.slice(0, Number(length)), rest: bytes.slice(Number(length)) };
}

function readChunks(bytes: string): { readonly body: string; readonly rest: string } | undefined {
  let body = "";
  let at = 0;
  for (;;) {
    const left = bytes.slice(at);
    if (!left.includes("\r\n")) return undefined;
    const { size } = CHUNK.exec(left)?.groups ?? {};
    if (size === undefined) throw new Error(`Cannot read a chunk: ${left.slice(0, 20)}`);
    const first = at + size.length + 2;
    const end = first + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return undefined;
    if (bytes.slice(end, end + 2) !== "\r\n")
      throw new Error("Cannot read a chunk: it is too long");
    body += bytes.slice(first, end);
    at = end + 2;
    if (end === first) return { body, rest: bytes.slice(at) };
  }
}
