/** A server of node:http alone that answers as a LikesServer's page does, and stores nothing. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "./serve.ts";

serve({
  /** Returns its address. */
  async start(): Promise<string> {
    let sequence = 0;
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const { value, revision } = JSON.parse(body) as Record<string, number>;
        const me = { revision, value, counted: null };
        const text = JSON.stringify({ me, outcome: "stored", sequence: ++sequence });
        const fields = { "Content-Type": "application/json", "Content-Length": text.length };
        response.writeHead(200, fields).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
});
