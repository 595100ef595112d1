/**
 * TypeScript source as text in which comments and strings cannot be mistaken for code.
 *
 * TypeScript 7 has no interface for programs yet, and the rules of test/tidy_test.ts need no syntax
 * tree: they need to know what is code, and prettier has laid the code out. Where blocks begin and
 * end is read from the indentation, which the format check holds.
 */

/** A source file, and what is left of it. Lines and columns are the same in all three. */
export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Comments, strings, templates and regular expressions are blank. */
  readonly code: string;
  /** Comments alone are blank. */
  readonly uncommented: string;
}

/** An import or re-export. */
export interface Import {
  readonly specifier: string;
  /** `import type` and `export type`, which leave nothing behind at run time. */
  readonly isType: boolean;
}

/** A function with a body; lines from 1, both included. */
export interface FunctionBlock {
  readonly header: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

/** A stretch of text, and what it is. */
interface Piece {
  readonly kind: "code" | "comment" | "literal";
  readonly text: string;
}

const COMMENT = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y;
const STRING = /"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?/y;
const REG_EXP = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
/** From a backtick, or from the brace that ends an expression, to the next of them. */
const TEMPLATE_PART = /[`}](?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/y;
const PLAIN = /[^"'`/{}]+/y;
/** A slash after these begins a regular expression; after anything else it divides. */
const BEFORE_REG_EXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|await))\s*$/;

/** Reads a file's text. */
export function scan(path: string, text: string): Source {
  let code = "";
  let uncommented = "";
  // The open braces: one that was opened in a template is closed in it.
  const braces: ("block" | "template")[] = [];
  for (let at = 0; at < text.length;) {
    const piece = nextPiece(text, at, code, braces);
    const blank = piece.text.replace(/[^\n]/g, " ");
    code += piece.kind === "code" ? piece.text : blank;
    uncommented += piece.kind === "comment" ? blank : piece.text;
    at += piece.text.length;
  }
  return { path, text, code, uncommented };
}

function nextPiece(text: string, at: number, code: string, braces: string[]): Piece {
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const character = text.charAt(at);
  const plain = take(PLAIN);
  if (plain !== undefined) return { kind: "code", text: plain };
  const comment = take(COMMENT);
  if (comment !== undefined) return { kind: "comment", text: comment };
  const regExp = character === "/" && BEFORE_REG_EXP.test(code) ? take(REG_EXP) : undefined;
  const literal = take(STRING) ?? regExp;
  if (literal !== undefined) return { kind: "literal", text: literal };
  if (character === "{") braces.push("block");
  if (character === "`" || (character === "}" && braces.pop() === "template")) {
    const part = take(TEMPLATE_PART) ?? character;
    if (part.endsWith("${")) braces.push("template");
    return { kind: "literal", text: part };
  }
  return { kind: "code", text: character };
}

const FROM = /\b(?:import|export)\b(\s+type\b)?[^;"'`()]*?\bfrom\s*["']([^"']+)["']/g;
const DIRECT = /\bimport\b()\s*\(?\s*["']([^"']+)["']/g;

/** Everything that a file imports, types, re-exports and `import()` included. */
export function importsOf({ code, uncommented }: Source): Import[] {
  return [...uncommented.matchAll(FROM), ...uncommented.matchAll(DIRECT)]
    .filter(({ index }) => code.charAt(index) !== " ")
    .map(([, type = "", specifier = ""]) => ({ specifier, isType: type !== "" }));
}

const METHOD = /^(?:(?:static|async|override|get|set)\s+|\*)*[#\w$]+(?:<.*>)?\(.*\)(?::.*)?\s*\{$/s;
const STATEMENT = /^(?:if|for|while|switch|catch|with|return|await)\b/;

/** The functions, methods and arrows with a block, by the indentation that prettier gave them. */
export function functionsOf({ code }: Source): FunctionBlock[] {
  const lines = code.split("\n").map((line) => line.trimEnd());
  const found: FunctionBlock[] = [];
  for (const [index, line] of lines.entries()) {
    if (!line.endsWith("{")) continue;
    const first = firstLineOf(lines, index);
    const header = lines
      .slice(first, index + 1)
      .join("\n")
      .trim();
    const isMethod = METHOD.test(header) && !STATEMENT.test(header);
    if (!isMethod && !/=>\s*\{$/.test(header) && !/\bfunction\b/.test(header)) continue;
    const end = lines.findIndex((other, at) => at > index && closes(other, indentOf(line)));
    found.push({
      header,
      firstLine: first + 1,
      lastLine: (end === -1 ? lines.length - 1 : end) + 1,
    });
  }
  return found;
}

/** A block whose line begins with `)` began where the parameters did, at the same indentation. */
function firstLineOf(lines: readonly string[], index: number): number {
  const indent = indentOf(lines[index] ?? "");
  if (!(lines[index] ?? "").trim().startsWith(")")) return index;
  for (let at = index - 1; at >= 0; at--) {
    const line = lines[at] ?? "";
    if (line !== "" && indentOf(line) === indent && !line.trim().startsWith(")")) return at;
  }
  return index;
}

function closes(line: string, indent: number): boolean {
  return indentOf(line) === indent && line.trim().startsWith("}");
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The line, from 1, of an index into a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
