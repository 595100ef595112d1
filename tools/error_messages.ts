/**
 * The messages of errors, read from the source: every text that begins with "Cannot", as a template
 * with `<names>` where values stand, and the fault that it is thrown or answered with.
 *
 * Texts are followed a little: through constants of the same function, both branches of a condition,
 * and to the fault that stands beside the text, or in the function that it is handed to. What cannot be
 * followed has no fault here, and the page's own table has to name it.
 */
import { parse } from "@babel/parser";
import { FAULTS } from "../src/errors.ts";
import type { FaultCode } from "../src/errors.ts";

/** A file of the source. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** A message as the source has it. */
export interface ErrorMessage {
  /** Such as `Cannot open the <name> "<path>": the disk is full; free some space`. */
  readonly template: string;
  /** The fault beside it; undefined when the source does not show it plainly. */
  readonly code: FaultCode | undefined;
  readonly path: string;
}

/** A node of the syntax tree, as far as it is looked at here. */
interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A node with those around it, nearest last. */
interface Place {
  readonly node: Node;
  readonly around: readonly Node[];
}

const FUNCTIONS = /Function|Method/;
/** Calls that quote their argument, and those that only format it. */
const QUOTING = new Set(["quote", "stringify"]);

/** The messages of `sources`, each once, in the order of paths. */
export function errorMessages(sources: readonly SourceText[]): ErrorMessage[] {
  const files = sources.map(({ path, text }) => ({ path, places: placesOf(text) }));
  const shared = helperFaults(files.flatMap(({ places }) => places));
  const found = new Map<string, ErrorMessage>();
  for (const { path, places } of files) {
    const helpers = new Map([...shared, ...helperFaults(places)]);
    for (const place of places.filter(isMessage)) {
      const code = faultOf(place, helpers);
      if (code === "bug") continue;
      for (const template of textsOf(place.node, place.around)) {
        if (!/^Cannot .*[^:]$/s.test(template)) continue;
        const before = found.get(template);
        found.set(template, { template, code: before?.code ?? code, path: before?.path ?? path });
      }
    }
  }
  return [...found.values()];
}

function placesOf(text: string): Place[] {
  const tree = parse(text, { sourceType: "module", plugins: ["typescript"] });
  const places: Place[] = [];
  const visit = (node: Node, around: readonly Node[]): void => {
    places.push({ node, around });
    for (const child of childrenOf(node)) visit(child, [...around, node]);
  };
  visit(tree.program as unknown as Node, []);
  return places;
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value) => {
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isText(node: Node): boolean {
  if (node.type === "StringLiteral" || node.type === "TemplateLiteral") return true;
  if (node.type !== "BinaryExpression" || node["operator"] !== "+") return false;
  return [node["left"], node["right"]].some((side) => isNode(side) && isText(side));
}

/** A whole text: not a part of another one, and not a constant that another one is made with. */
function isMessage({ node, around }: Place): boolean {
  const parent = around.at(-1);
  if (!isText(node) || parent === undefined || isText(parent)) return false;
  if (parent.type === "ConditionalExpression" || isComparison(parent)) return false;
  if (parent.type !== "VariableDeclarator") return true;
  const name = nameOf(parent["id"]);
  return !placesIn(blockOf(around)).some(({ node: user, around: users }) => {
    return user.type === "Identifier" && user["name"] === name && isStartOf(user, users.at(-1));
  });
}

/** Whether `text` is a text that begins with `node`. */
function isStartOf(node: Node, text: Node | undefined): boolean {
  if (text?.type === "BinaryExpression") return text["left"] === node;
  if (text?.type !== "TemplateLiteral") return false;
  const [first] = text["quasis"] as { value: { cooked: string } }[];
  return first?.value.cooked === "" && (text["expressions"] as Node[])[0] === node;
}

/** Whether a text is only looked for in another one. */
function isComparison(node: Node): boolean {
  return node.type === "CallExpression" && nameOf(node["callee"]) === "startsWith";
}

function placesIn(scope: Node): Place[] {
  const places: Place[] = [];
  const visit = (node: Node, around: readonly Node[]): void => {
    places.push({ node, around });
    for (const child of childrenOf(node)) visit(child, [...around, node]);
  };
  visit(scope, []);
  return places;
}

/** The blocks around, nearest first; the last is the file. */
function blocksOf(around: readonly Node[]): Node[] {
  return around.filter(({ type }) => type === "BlockStatement" || type === "Program").toReversed();
}

function blockOf(around: readonly Node[]): Node {
  const [block] = blocksOf(around);
  if (block === undefined) throw new Error("Assertion failed: a text stands in a file");
  return block;
}

/** Every text that `node` can give. */
function textsOf(node: Node, around: readonly Node[]): string[] {
  switch (node.type) {
    case "StringLiteral":
      return [String(node["value"])];
    case "BinaryExpression": {
      if (!isText(node)) return [`<${nameOf(node)}>`];
      const left = textsOf(node["left"] as Node, around);
      const right = textsOf(node["right"] as Node, around);
      return left.flatMap((one) => right.map((other) => one + other));
    }
    case "ConditionalExpression": {
      const branches = [node["consequent"], node["alternate"]] as Node[];
      return branches.flatMap((branch) => textsOf(branch, around));
    }
    case "TemplateLiteral":
      return templateTexts(node, around);
    case "Identifier": {
      const init = constantOf(String(node["name"]), around);
      return init === undefined ? [`<${nameOf(node)}>`] : textsOf(init, around);
    }
    case "CallExpression":
      return [callText(node, around)];
    default:
      return [`<${nameOf(node)}>`];
  }
}

/** A call by what it formats: its argument, or the value of which it is a method. */
function callText(node: Node, around: readonly Node[]): string {
  const callee = node["callee"] as Node;
  const isQuoted = QUOTING.has(nameOf(callee));
  const isMethod = callee.type === "MemberExpression" && !isQuoted;
  if (isMethod) return `<${nameOf(callee["object"])}>`;
  const [argument] = node["arguments"] as Node[];
  const [inner = ""] = argument === undefined ? [] : textsOf(argument, around);
  return isQuoted ? `"${inner}"` : inner;
}

function templateTexts(node: Node, around: readonly Node[]): string[] {
  const quasis = node["quasis"] as { value: { cooked: string } }[];
  const expressions = node["expressions"] as Node[];
  let texts = [""];
  for (const [index, { value }] of quasis.entries()) {
    const expression = expressions[index];
    const next = expression === undefined ? [""] : textsOf(expression, around);
    texts = texts.flatMap((text) => next.map((one) => text + value.cooked + one));
  }
  return texts;
}

/** What a constant in sight is made of, when that is text. */
function constantOf(name: string, around: readonly Node[]): Node | undefined {
  for (const block of blocksOf(around)) {
    const declared = declaredIn(block, name);
    if (declared === undefined) continue;
    const init = declared["init"];
    return isNode(init) && (isText(init) || isChoiceOfTexts(init)) ? init : undefined;
  }
  return undefined;
}

/** Where a block declares `name`. */
function declaredIn(block: Node, name: string): Node | undefined {
  return (block["body"] as Node[])
    .filter(({ type }) => type === "VariableDeclaration")
    .flatMap((statement) => statement["declarations"] as Node[])
    .find((one) => nameOf(one["id"]) === name);
}

function isChoiceOfTexts(node: Node): boolean {
  if (node.type !== "ConditionalExpression") return false;
  return [node["consequent"], node["alternate"]].every((one) => isNode(one) && isText(one));
}

/** The name by which a person knows a value: that of the variable, or of the property. */
function nameOf(node: unknown): string {
  if (!isNode(node)) return "value";
  if (node.type === "Identifier") return String(node["name"]);
  if (node.type === "PrivateName") return nameOf(node["id"]);
  if (node.type === "MemberExpression") return nameOf(node["property"]);
  if (node.type === "CallExpression") return nameOf(node["callee"]);
  return "value";
}

/** The fault of a message; `bug` when it is no fault but an error of the program. */
function faultOf(
  { around }: Place,
  helpers: ReadonlyMap<string, FaultCode>,
): FaultCode | "bug" | undefined {
  for (const [index, one] of [...around.entries()].toReversed()) {
    if (FUNCTIONS.test(one.type)) return undefined;
    const beside = faultBeside(one, helpers);
    if (beside !== undefined) return beside;
    if (one.type === "VariableDeclarator") {
      return faultOfUse(nameOf(one["id"]), around.slice(0, index), helpers);
    }
  }
  return undefined;
}

/** The fault with which the constant `name` is used in its function. */
function faultOfUse(
  name: string,
  around: readonly Node[],
  helpers: ReadonlyMap<string, FaultCode>,
): FaultCode | "bug" | undefined {
  for (const { node, around: users } of placesIn(blockOf(around))) {
    if (node.type !== "Identifier" || node["name"] !== name) continue;
    const [, ...inner] = blocksOf(users).toReversed();
    if (inner.some((block) => declaredIn(block, name) !== undefined)) continue;
    for (const user of users.slice(-3).toReversed()) {
      const beside = faultBeside(user, helpers);
      if (beside !== undefined) return beside;
    }
  }
  return undefined;
}

/** The fault that a `new`, a call or an object names for the message in it. */
function faultBeside(
  node: Node,
  helpers: ReadonlyMap<string, FaultCode>,
): FaultCode | "bug" | undefined {
  if (node.type === "NewExpression") {
    const name = nameOf(node["callee"]);
    if (name !== "LikesError") return name.endsWith("Error") ? "bug" : undefined;
    return literalFault((node["arguments"] as Node[])[0]);
  }
  if (node.type === "CallExpression") {
    const named = (node["arguments"] as Node[]).map(literalFault).find((one) => one !== undefined);
    return named ?? helpers.get(nameOf(node["callee"]));
  }
  if (node.type !== "ObjectExpression") return undefined;
  for (const property of node["properties"] as Node[]) {
    if (nameOf(property["key"]) === "code") return literalFault(property["value"]);
  }
  return undefined;
}

function literalFault(node: unknown): FaultCode | undefined {
  if (!isNode(node) || node.type !== "StringLiteral") return undefined;
  const text = String(node["value"]);
  return Object.hasOwn(FAULTS, text) ? (text as FaultCode) : undefined;
}

/** Functions that make one fault of the text that they are given, by name. */
function helperFaults(places: readonly Place[]): Map<string, FaultCode> {
  const helpers = new Map<string, FaultCode>();
  for (const { node } of places) {
    if (node.type !== "FunctionDeclaration") continue;
    const codes = placesIn(node).map(({ node: inner }) => faultBeside(inner, new Map()));
    const faults = new Set(codes.filter((code) => code !== undefined && code !== "bug"));
    const [only] = faults;
    if (faults.size === 1 && only !== undefined) helpers.set(nameOf(node["id"]), only);
  }
  return helpers;
}
