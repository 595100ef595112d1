/** Shared by the tests of the audit: audits a folder and returns its first divergence. */
import { join } from "node:path";
import * as assert from "uvu/assert";
import { audit } from "../../src/verify/audit.ts";
import { findFiles } from "../../src/verify/find_files.ts";
import type { AuditReport, Divergence } from "../../src/verify/report.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { edit, makeStores } from "./stores_fixture.ts";
import type { TestServer } from "./stores_fixture.ts";

/** A change that makes a store provably wrong, and the first divergence it causes. */
export interface Defect {
  readonly name: string;
  readonly path: string;
  readonly sql: string;
  readonly first: Readonly<Record<string, unknown>>;
  /** SERVERS when undefined. */
  readonly servers?: readonly TestServer[];
}

/** Audits the stores in `folder`, with `more` outboxes and client records. */
export function auditFolder(
  folder: string,
  more: { readonly outboxes?: readonly string[]; readonly clients?: readonly string[] } = {},
): AuditReport {
  const { ledger = "", outboxes } = findFiles(folder);
  const { outboxes: copies = [], clients = [] } = more;
  return audit({ ledger, outboxes: [...outboxes, ...copies], clients });
}

/** Returns the first divergence. Throws when the report is not inexact. */
export function firstOf(report: AuditReport): Divergence {
  const [first] = report.divergences.first;
  if (report.outcome === "inexact" && first !== undefined) return first;
  throw new Error(`it is ${report.outcome}: ${JSON.stringify(report.missing.first)}`);
}

/** Makes correct stores, changes one, and expects the audit to find it. */
export async function expectFirst({ path, sql, first, servers }: Defect): Promise<void> {
  await using folder = temporaryFolder();
  makeStores(folder.path, servers);
  edit(join(folder.path, path), sql);
  const found: Readonly<Record<string, unknown>> = { ...firstOf(auditFolder(folder.path)) };
  for (const [key, value] of Object.entries(first)) assert.is(found[key], value, key);
}
