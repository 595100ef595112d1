/** The document about all routes, as OpenAPI 3.1. */
import { PROBLEMS } from "./problem.ts";
import type { ProblemName } from "./problem.ts";
import type { Route } from "./routes.ts";
import { PROBLEM } from "./schemas.ts";

/** What a site has to send, and what a person has to. */
const SECURITY = {
  anyone: [],
  person: [{ person: [] }],
  backend: [{ key: [] }],
} as const;

/** Returns the document. */
export function openApi(routes: readonly Route[]): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/\/:(\w+)/g, "/{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "likes",
      version: "1",
      description:
        "HTTP at a LikesServer. A connection that breaks leaves no doubt: repeat the same request, " +
        "at this server or another.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        person: { type: "http", scheme: "bearer", description: "a token; or `token` in the body" },
        key: { type: "http", scheme: "bearer", description: "a key of the site's backend" },
      },
    },
  };
}

function operationOf(route: Route): Readonly<Record<string, unknown>> {
  const { about, caller, body, answers, query } = route;
  const problems = problemsOf(route);
  const responses: Record<string, unknown> = {};
  for (const { status, about: description, type = "application/json", schema } of answers) {
    const content =
      schema === undefined && type === "application/json"
        ? {}
        : { content: { [type]: { schema: schema ?? { type: "string" } } } };
    responses[status] = { description, ...content };
  }
  for (const status of new Set(problems.map((problem) => PROBLEMS[problem].status))) {
    responses[status] = {
      description: problems.filter((problem) => PROBLEMS[problem].status === status).join(", "),
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  const names = [...route.path.matchAll(/\/:(\w+)/g)].map(([, name]) => name);
  return {
    summary: about,
    security: SECURITY[caller],
    parameters: [
      ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
      ...query.map(({ name, about: description, isRepeated = false, isNeeded = false }) => ({
        name,
        in: "query",
        description,
        required: isNeeded,
        schema: isRepeated ? { type: "array", items: { type: "string" } } : { type: "string" },
      })),
    ],
    ...(body === undefined ? {} : { requestBody: { content: contentOf(body) } }),
    responses,
  };
}

/** Returns the problems of a route: its own, and those that the server finds before its handler. */
function problemsOf({ path, body, isWrite, problems }: Route): readonly ProblemName[] {
  const shared: ProblemName[] = ["internal"];
  if (path.includes("/:site")) shared.push("request-invalid", "site-unknown");
  if (path.includes("/:item")) shared.push("item-invalid");
  if (isWrite) shared.push("origin-refused");
  if (body !== undefined) shared.push("body-invalid", "body-too-large", "body-type", "too-many");
  return [...new Set([...shared, ...problems])];
}

function contentOf({
  types,
  schema,
}: NonNullable<Route["body"]>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(types.map((type) => [type, { schema: schema ?? { type: "object" } }]));
}
