/** The operator's pages: figures for Prometheus, and whether the process is well. */
import { createServer } from "node:http";
import { REQUEST_WAIT_MAX_MS } from "../limits.ts";
import type { Address } from "../text/address.ts";
import type { WebSource } from "./exchange.ts";
import { listen } from "./listen.ts";
import type { Metrics } from "./metrics.ts";

/** Connections: a collector or two, and a person. */
const CONNECTIONS_MAX = 32;

/** The operator's server, which listens. */
export interface OperatorServer {
  readonly address: Address;
  close(): void;
}

/** Serves /metrics, /livez and /readyz. Throws LikesError `port_taken`. */
export async function startOperatorServer(
  at: Address,
  metrics: Metrics,
  source: Pick<WebSource, "isAccepting">,
): Promise<OperatorServer> {
  const server = createServer(
    { requestTimeout: REQUEST_WAIT_MAX_MS, headersTimeout: REQUEST_WAIT_MAX_MS },
    (request, response) => {
      const end = (status: number, text: string, type = "text/plain"): void => {
        response.writeHead(status, { "Content-Type": type }).end(text);
      };
      if (request.url === "/livez") return end(200, "ok\n");
      if (request.url === "/readyz") {
        return source.isAccepting() ? end(200, "ok\n") : end(503, "accepts no likes\n");
      }
      if (request.url !== "/metrics") return end(404, "see /metrics, /livez and /readyz\n");
      void metrics.text().then((text) => end(200, text, metrics.type));
      return undefined;
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  const address = await listen(server, at, "metrics");
  return {
    address,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
