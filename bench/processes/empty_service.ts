/** A service of grpc-js alone that answers AddLikes and stores nothing. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type * as protosModule from "../../src/rpc/protos.ts";
import { built } from "../built.ts";
import { serve } from "./serve.ts";

const { protos } = await built<typeof protosModule>("rpc/protos.js");

serve({
  /** Returns its address. */
  async start(): Promise<string> {
    const server = new Server({ "grpc.enable_channelz": 0 });
    let sequence = 0;
    server.addService(protos.LikesService.service, {
      addLikes: (_call: unknown, done: (error: null, response: object) => void) => {
        done(null, { serverId: "none", incarnation: "0".repeat(32), sequence: ++sequence });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    return `127.0.0.1:${port}`;
  },
});
