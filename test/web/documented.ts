/**
 * Holds answers against `openapi.json`: the route is documented, and so are the status, the type of
 * the body, its shape, and the name of a problem.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import type { AnySchemaObject } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { TSchema } from "typebox";
import * as assert from "uvu/assert";
import { openApi } from "../../src/web/openapi.ts";
import { ROUTES } from "../../src/web/routes.ts";
import { PROBLEM } from "../../src/web/schemas.ts";

const PROBLEM_TYPE = "application/problem+json";
const QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded";

interface Operation {
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content?: Readonly<Record<string, { readonly schema: AnySchemaObject }>>;
      }
    >
  >;
}

/** The document, as a client gets it. */
export const DOCUMENT = JSON.parse(JSON.stringify(openApi(ROUTES))) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, AnySchemaObject>>>>;
};

const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
formats.default(ajv);
ajv.addVocabulary(["components"]);

/** Checks a value against a schema of ours. */
export function checkShape(schema: TSchema, value: unknown): void {
  expectValid(schema, value);
}

/** The name of the problem that a body is; undefined when it is none. */
export function problemIn(type: string, text: string): string | undefined {
  if (!type.startsWith(PROBLEM_TYPE)) return undefined;
  const body = JSON.parse(text) as { readonly type: string };
  return body.type === QUOTA_TYPE ? "quota-exceeded" : body.type.replace("urn:likes:problem:", "");
}

/** Checks an answer to a request. A path that no route has gets a problem. */
export function checkAnswer(
  request: { readonly method: string; readonly path: string },
  answer: { readonly status: number; readonly type: string; readonly text: string },
): void {
  const { status, type, text } = answer;
  const what = `${request.method} ${request.path}: ${status} ${text.slice(0, 200)}`;
  const problem = problemIn(type, text);
  const operation = operationOf(request);
  if (operation === undefined) {
    assert.ok(problem === "not-found" || problem === "method-unknown", what);
    return expectValid(PROBLEM, JSON.parse(text));
  }
  const documented = operation.responses[status];
  assert.ok(documented !== undefined, `it is documented: ${what}`);
  const names = documented.description.split(", ");
  assert.ok(problem === undefined || names.includes(problem), `${problem} is documented: ${what}`);
  if (documented.content === undefined) return assert.ok(text === "", what);
  const [kind = ""] = type.split(";");
  const content = documented.content[kind];
  assert.ok(content !== undefined, `${kind} is documented: ${what}`);
  const isJson = kind.endsWith("json");
  const { components } = DOCUMENT;
  return expectValid({ ...content.schema, components }, isJson ? JSON.parse(text) : text);
}

function expectValid(schema: AnySchemaObject, value: unknown): void {
  const isValid = ajv.validate(schema, value);
  assert.ok(isValid, `${ajv.errorsText()}: ${JSON.stringify(value)?.slice(0, 500)}`);
}

/** Returns the operation of a request. Paths have no dots that a client would resolve. */
function operationOf({ method, path }: { readonly method: string; readonly path: string }) {
  const [asked = ""] = path.split("?");
  for (const [template, operations] of Object.entries(DOCUMENT.paths)) {
    const pattern = template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+");
    if (!new RegExp(`^${pattern}$`).test(asked)) continue;
    const operation = operations[method.toLowerCase()];
    if (operation !== undefined) return operation;
  }
  return undefined;
}
