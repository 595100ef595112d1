/**
 * Server reflection, v1 and v1alpha, from the descriptors that `buf build` compiled: those of
 * proto-loader are wrong as soon as a file imports another.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ReflectionService } from "@grpc/reflection";
import descriptor from "protobufjs/ext/descriptor/index.js";
import type { Message } from "protobufjs";
import { LikesError } from "../errors.ts";

const { FileDescriptorProto, FileDescriptorSet } = descriptor;

type DescriptorSet = Message & { readonly file: readonly Message[] };

/** Reflection for a server that serves `service` and health. */
export function reflection(service: string): Pick<ReflectionService, "addToServer"> {
  const fileDescriptorProtos = descriptors();
  const root = { likes: { fileDescriptorProtos } } as unknown as ConstructorParameters<
    typeof ReflectionService
  >[0];
  return new ReflectionService(root, { services: [service, "grpc.health.v1.Health"] });
}

function descriptors(): Uint8Array[] {
  const path = fileURLToPath(import.meta.resolve("#descriptors"));
  try {
    const { file } = FileDescriptorSet.decode(readFileSync(path)) as DescriptorSet;
    return file.map((one) => FileDescriptorProto.encode(one).finish());
  } catch (cause) {
    const message = `Cannot read the descriptors at ${path}: build them with: npm run build`;
    throw new LikesError("store_unusable", message, { cause });
  }
}
