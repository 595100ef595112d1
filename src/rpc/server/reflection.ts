/**
 * Server reflection, v1 and v1alpha, from the descriptors that `buf build` compiled. Those of
 * proto-loader are wrong when a file imports another.
 *
 * The library and its data take 10 MB, and longer to load than the rest of gRPC. Few processes ever
 * need them, so the first call loads them. They are required, not imported: a call cannot await an
 * import before its first message is read.
 */
import { accessSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { MethodDefinition, Server, UntypedHandleCall } from "@grpc/grpc-js";
import type * as reflectionModule from "@grpc/reflection";
import type { Message } from "protobufjs";
import type * as descriptorModule from "protobufjs/ext/descriptor/index.js";
import { LikesError } from "../../errors.ts";

type DescriptorSet = Message & { readonly file: readonly Message[] };
type Root = ConstructorParameters<typeof reflectionModule.ReflectionService>[0];

const PATHS = ["v1", "v1alpha"].map((version) => {
  return `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
});

const require = createRequire(import.meta.url);

/** A method that the library adds to a server, one for each version. */
interface Method {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handle: UntypedHandleCall;
}

/** The part of a server that reflection and its library use. */
type Services = Pick<Server, "addService">;

/**
 * Returns reflection for a server with `service` and health. Throws LikesError `store_unusable`.
 */
export function reflection(service: string): { addToServer(server: Services): void } {
  const path = fileURLToPath(import.meta.resolve("#descriptors"));
  readable(path, () => accessSync(path));
  let loaded: ReadonlyMap<string, Method> | undefined;
  const methodAt = (methodPath: string): Method => {
    loaded ??= load(service, path);
    const method = loaded.get(methodPath);
    if (method === undefined) throw new Error(`Assertion failed: ${methodPath} is served`);
    return method;
  };
  return {
    addToServer: (server) => {
      for (const methodPath of PATHS) addLate(server, methodPath, () => methodAt(methodPath));
    },
  };
}

/** Adds a method that is loaded on the first call. */
function addLate(server: Services, path: string, method: () => Method): void {
  const definition: MethodDefinition<unknown, unknown> = {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: (request) => method().definition.requestSerialize(request),
    requestDeserialize: (bytes) => method().definition.requestDeserialize(bytes),
    responseSerialize: (response) => method().definition.responseSerialize(response),
    responseDeserialize: (bytes) => method().definition.responseDeserialize(bytes),
  };
  const handle: UntypedHandleCall = (...call: readonly unknown[]) => {
    Reflect.apply(method().handle, undefined, call);
  };
  server.addService({ ServerReflectionInfo: definition }, { ServerReflectionInfo: handle });
}

/** Returns the library's methods by path. */
function load(service: string, path: string): ReadonlyMap<string, Method> {
  const { ReflectionService } = require("@grpc/reflection") as typeof reflectionModule;
  const root = { likes: { fileDescriptorProtos: descriptors(path) } } as unknown as Root;
  const services = [service, "grpc.health.v1.Health"];
  const methods = new Map<string, Method>();
  const collect: Services["addService"] = (definitions, handlers) => {
    for (const [name, definition] of Object.entries(definitions)) {
      const handle = handlers[name];
      if (handle !== undefined) methods.set(definition.path, { definition, handle });
    }
  };
  const library = new ReflectionService(root, { services });
  library.addToServer({ addService: collect });
  return methods;
}

function descriptors(path: string): Uint8Array[] {
  const descriptor = require("protobufjs/ext/descriptor/index.js") as typeof descriptorModule;
  const { FileDescriptorProto, FileDescriptorSet } = descriptor;
  return readable(path, () => {
    const { file } = FileDescriptorSet.decode(readFileSync(path)) as DescriptorSet;
    return file.map((one) => FileDescriptorProto.encode(one).finish());
  });
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const message = `Cannot read the descriptors at ${path}: build them with npm run build`;
    throw new LikesError("store_unusable", message, { cause });
  }
}
