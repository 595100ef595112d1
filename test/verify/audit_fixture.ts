/** What the tests of the audit share: an audit of a folder, and what it told first. */
import { join } from "node:path";
import * as assert from "uvu/assert";
import { audit } from "../../src/verify/audit.ts";
import { findFiles } from "../../src/verify/find_files.ts";
import type { AuditReport, Divergence } from "../../src/verify/report.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { edit, makeStores } from "./stores_fixture.ts";

/** A change of a store that is provably wrong, and what is told of it first. */
export interface Wrong {
  readonly name: string;
  readonly path: string;
  readonly sql: string;
  readonly told: Readonly<Record<string, unknown>>;
}

/** Audits the stores in `folder`, and `more` outboxes and records of clients. */
export function auditFolder(
  folder: string,
  more: { readonly outboxes?: readonly string[]; readonly clients?: readonly string[] } = {},
): AuditReport {
  const { ledger = "", outboxes } = findFiles(folder);
  const { outboxes: copies = [], clients = [] } = more;
  return audit({ ledger, outboxes: [...outboxes, ...copies], clients });
}

/** The first divergence of a report that has one. */
export function firstOf(report: AuditReport): Divergence {
  const [first] = report.divergences.first;
  if (report.outcome === "inexact" && first !== undefined) return first;
  throw new Error(`it is ${report.outcome}: ${JSON.stringify(report.missing.first)}`);
}

/** Makes stores that are right, and expects that a change is found. */
export async function expectFirst({ path, sql, told }: Wrong): Promise<void> {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, path), sql);
  const first: Readonly<Record<string, unknown>> = { ...firstOf(auditFolder(folder.path)) };
  for (const [key, value] of Object.entries(told)) assert.is(first[key], value, key);
}
