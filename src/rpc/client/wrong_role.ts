/** Finds out which role answers at an address meant for another one, and which flag takes it. */
import { Buffer } from "node:buffer";
import { Client } from "@grpc/grpc-js";
import { LikesError } from "../../errors.ts";
import { CHANNEL_OPTIONS, CREDENTIALS, targetOf, unary } from "./client.ts";
import { toLikesError } from "../faults.ts";

/** The service of each role. */
const SERVICES = {
  primary: "likes.v1.PrimaryService",
  LikesServer: "likes.v1.LikesService",
} as const;

const CHECK = "/grpc.health.v1.Health/Check";
/** The tag of HealthCheckRequest.service: field 1, of text. */
const FIELD_SERVICE = 0x0a;
/** How long a peer may take to tell its role: it has just answered another call. */
const ROLE_WAIT_MS = 1_000;

/** The role that a peer was expected to have. */
export type Role = keyof typeof SERVICES;

const ANSWERS: Readonly<Record<Role, string>> = {
  primary: "a primary answers there; give its address with --primary",
  LikesServer:
    "a LikesServer answers there; give the primary's address, or this one with --server of " +
    "likes add and likes count",
};

/**
 * Returns the error for a failed call to the `role` at `address`. Names the role that answers
 * instead.
 */
export async function explain(error: unknown, role: Role, address: string): Promise<LikesError> {
  const peer = `the ${role} at ${address}`;
  const found = toLikesError(error, peer);
  if (found.code !== "wrong_role") return found;
  const there = await roleAt(address);
  if (there === undefined) return found;
  const text = there === role ? "it runs another version; upgrade it" : ANSWERS[there];
  return new LikesError("wrong_role", `Cannot call ${peer}: ${text}`, { cause: error });
}

/** Returns the role that health at `address` knows; undefined when there is none of ours. */
async function roleAt(address: string): Promise<Role | undefined> {
  const client = new Client(targetOf(address), CREDENTIALS, CHANNEL_OPTIONS);
  try {
    if (await knows(client, SERVICES.primary)) return "primary";
    return (await knows(client, SERVICES.LikesServer)) ? "LikesServer" : undefined;
  } finally {
    client.close();
  }
}

/** Returns whether health has any status of `service`. */
function knows(client: Client, service: string): Promise<boolean> {
  const name = Buffer.from(service);
  const request = Buffer.concat([Buffer.from([FIELD_SERVICE, name.length]), name]);
  const same = (bytes: Buffer): Buffer => bytes;
  const asked = unary<Buffer>(
    (done) => client.makeUnaryRequest(CHECK, same, same, request, done),
    ROLE_WAIT_MS,
    (error) => toLikesError(error, service),
  );
  return asked.then(
    () => true,
    () => false,
  );
}
