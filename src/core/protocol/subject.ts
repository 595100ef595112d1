/**
 * Subjects: how a site names its persons. Outboxes and ledgers never have a subject, only a
 * pseudonym that is made of it and of the site.
 */
import type { Refusal } from "../../errors.ts";
import { SUBJECT_BYTES_MAX } from "../../limits.ts";
import { checkItemId, utf8Length } from "./like_event.ts";

/**
 * Returns the site of an item: what stands before its first slash; empty without one. The same
 * subject at two sites is two persons.
 */
export function siteOf(itemId: string): string {
  const slash = itemId.indexOf("/");
  return slash === -1 ? "" : itemId.slice(0, slash);
}

/** Returns why `site` is none; undefined when it is one. The empty site has items without a slash. */
export function checkSite(site: string): Refusal | undefined {
  const refusal = site === "" ? undefined : checkItemId(site);
  if (refusal !== undefined) return refusal;
  if (!site.includes("/")) return undefined;
  const message = `Cannot use the site ${JSON.stringify(site)}: it has a slash; leave the item out`;
  return { code: "like_invalid", message };
}

/**
 * Returns why `subject` names no person; undefined when it does. The message does not repeat it. All
 * bytes that are not UTF-8 decode to U+FFFD, which would make one person of several.
 */
export function checkSubject(subject: string): Refusal | undefined {
  const isText = subject.isWellFormed() && !/[\p{Cc}\ufffd]/u.test(subject);
  const bytes = utf8Length(subject);
  if (isText && bytes > 0 && bytes <= SUBJECT_BYTES_MAX) return undefined;
  const message =
    `Cannot accept a person of ${bytes} bytes: give 1 to ${SUBJECT_BYTES_MAX}, ` +
    "without control characters, in UTF-8";
  return { code: "like_invalid", message };
}
