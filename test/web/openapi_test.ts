/** The document of all routes: what a client's generator would trip over. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROUTES } from "../../src/web/routes.ts";
import { PROBLEMS } from "../../src/web/problem.ts";
import { DOCUMENT } from "./documented.ts";

test("openApi() documents each route once, and nothing else", () => {
  const documented = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) => {
    return Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`);
  });
  const routes = ROUTES.map(({ method, path }) => {
    return `${method} ${path.replace(/\/:(\w+)/g, "/{$1}")}`;
  });
  assert.equal(documented.toSorted(), routes.toSorted());
  assert.match(DOCUMENT.openapi, /^3\.1\.\d+$/);
});

test("openApi() names exactly the parameters of each path", () => {
  for (const [path, operation] of operations()) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const named = operation.parameters.filter((parameter) => parameter.in === "path");
    assert.equal(
      named.map(({ name }) => name),
      inPath,
      path,
    );
    assert.ok(
      named.every(({ required }) => required),
      path,
    );
  }
});

test("openApi() has no reference, no security scheme and no status that is undefined", () => {
  const references = [...JSON.stringify(DOCUMENT).matchAll(/"\$ref":"#\/([^"]+)"/g)];
  assert.ok(references.length > 0);
  for (const [, reference = ""] of references) {
    const found = reference.split("/").reduce<unknown>((at, name) => {
      return (at as Readonly<Record<string, unknown>> | undefined)?.[name];
    }, DOCUMENT);
    assert.ok(found !== undefined, reference);
  }
  for (const [path, { security, responses }] of operations()) {
    for (const name of security.flatMap((one) => Object.keys(one))) {
      assert.ok(DOCUMENT.components["securitySchemes"]?.[name] !== undefined, `${path}: ${name}`);
    }
    assert.ok(
      Object.keys(responses).some((status) => /^[23]/.test(status)),
      path,
    );
    for (const [status, { description }] of Object.entries(responses)) {
      assert.match(status, /^[2-5]\d\d$/, path);
      assert.ok(description !== "", path);
    }
  }
});

test("openApi() documents every problem", () => {
  const told = operations().flatMap(([, { responses }]) => {
    return Object.values(responses).flatMap(({ description }) => description.split(", "));
  });
  // Those of a path that no route has, and of what is no whole request.
  const elsewhere = ["not-found", "method-unknown", "request-slow", "fields-too-large"];
  const problems = Object.keys(PROBLEMS).filter((name) => !elsewhere.includes(name));
  assert.equal(
    problems.filter((name) => !told.includes(name)),
    [],
  );
});

interface Operation {
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
  }[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

function operations(): readonly (readonly [path: string, operation: Operation])[] {
  return Object.entries(DOCUMENT.paths).flatMap(([path, methods]) => {
    return Object.values(methods).map((operation) => [path, operation as unknown as Operation]);
  }) as readonly (readonly [string, Operation])[];
}

test.run();
