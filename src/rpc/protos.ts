/**
 * Loads the contract from `proto/`: service definitions for the servers, constructors for the
 * clients. Reflection serves the compiled descriptors instead (reflection.ts).
 */
import { fileURLToPath } from "node:url";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { ProtoGrpcType as LikesProtos } from "./gen/likes_service.ts";
import type { ProtoGrpcType as OperatorProtos } from "./gen/operator_service.ts";
import type { ProtoGrpcType as PrimaryProtos } from "./gen/primary_service.ts";

const FILES = [
  "likes/v1/likes_service.proto",
  "likes/v1/operator_service.proto",
  "likes/v1/primary_service.proto",
];
const ROOT = fileURLToPath(
  new URL("../../", import.meta.resolve("#proto/likes/v1/like_event.proto")),
);

const definition = loadSync(FILES, {
  includeDirs: [ROOT],
  longs: String,
  enums: String,
  defaults: true,
  arrays: true,
  oneofs: true,
});

const loaded = loadPackageDefinition(definition) as unknown as LikesProtos &
  OperatorProtos &
  PrimaryProtos;

/** The services of package `likes.v1`. */
export const protos = loaded.likes.v1;
