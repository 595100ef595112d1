/**
 * The calls that README shows with grpcurl. Our registries do not have grpcurl, so the tests make
 * the same calls with `buf curl`, which is not written in JavaScript either.
 */

/** The ports in README: the primary's, and a LikesServer's. */
export const PRIMARY_PORT = 50_051;
const LIKES_SERVER_PORT = 41_234;

/** One call. */
export interface CurlLine {
  readonly port: typeof PRIMARY_PORT | typeof LIKES_SERVER_PORT;
  /** `list`, `describe SERVICE`, or `SERVICE/METHOD`. */
  readonly what: string;
  /** The request as JSON; absent for an empty one. */
  readonly data?: string;
}

/** The calls, in the order of README. */
export const CURL_LINES: readonly CurlLine[] = [
  { port: PRIMARY_PORT, what: "list" },
  { port: PRIMARY_PORT, what: "describe likes.v1.PrimaryService" },
  {
    port: PRIMARY_PORT,
    what: "likes.v1.PrimaryService/Status",
    data: '{"interval_ms":1000}',
  },
  {
    port: PRIMARY_PORT,
    what: "likes.v1.PrimaryService/GetCounts",
    data: '{"item_ids":["video"]}',
  },
  {
    port: LIKES_SERVER_PORT,
    what: "likes.v1.LikesService/AddLikes",
    data: '{"item_id":"video","likes":5}',
  },
  { port: LIKES_SERVER_PORT, what: "likes.v1.LikesService/GetTotal" },
  {
    port: LIKES_SERVER_PORT,
    what: "likes.v1.LikesService/GetCachedCounts",
    data: '{"item_ids":["video"]}',
  },
  {
    port: PRIMARY_PORT,
    what: "grpc.health.v1.Health/Check",
    data: '{"service":"likes.v1.PrimaryService"}',
  },
];

/** Returns the line of a call in README. */
export function grpcurlLine({ port, what, data }: CurlLine): string {
  const request = data === undefined ? "" : `-d '${data}' `;
  return `grpcurl -plaintext ${request}127.0.0.1:${port} ${what}`;
}

/** Returns buf's arguments for the same call to `address`. */
export function bufArguments({ what, data }: CurlLine, address: string): readonly string[] {
  const [verb] = what.split(" ");
  const base = ["curl", "--protocol", "grpc", "--http2-prior-knowledge"];
  if (verb === "list") return [...base, "--list-services", `http://${address}`];
  if (verb === "describe") return [...base, "--list-methods", `http://${address}`];
  const request = data === undefined ? [] : ["--data", data];
  return [...base, ...request, `http://${address}/${what}`];
}
