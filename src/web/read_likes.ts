/** Handlers that read likes. */
import { createHash } from "node:crypto";
import { COUNTS_MAX, MEMBER_SILENT_MS, WEB_GET_ITEMS_MAX, WEB_TOP_DEFAULT } from "../limits.ts";
import type { CachedCount, OwnLikes } from "../core/likes_server/count_cache.ts";
import type { RequestedItems, Reading } from "../core/likes_server/client_requests.ts";
import type { CountsResult, TotalView } from "../core/likes_server/likes_server.ts";
import { checkItemId } from "../core/protocol/like_event.ts";
import { PLAIN_LIKE } from "../core/protocol/register.ts";
import type { Static } from "typebox";
import { badge } from "./badge.ts";
import { PRIVATE, json } from "./exchange.ts";
import type { Web, WebAnswer, WebRequest } from "./exchange.ts";
import { Problem, problemOf } from "./problem.ts";
import { subjectOf } from "./persons.ts";
import type { ITEM_LIKES, ME, READ_BODY, STATUS_EVENT } from "./schemas.ts";
import { itemIdOf, itemOf, valueOf } from "./site.ts";
import type { Site } from "./site.ts";

/** Answers may be kept this long, and longer while a newer one is fetched, or cannot be. */
const PUBLIC = "public, max-age=1, stale-while-revalidate=10, stale-if-error=86400";
const BADGE_KEPT = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400";

/** Reads items that a query names. */
export async function getLikes(web: Web, request: WebRequest): Promise<WebAnswer> {
  const { site, query, header } = request;
  const items = query.getAll("item");
  if (items.length === 0 || items.length > WEB_GET_ITEMS_MAX) {
    const found = `${items.length} items are named; name 1 to ${WEB_GET_ITEMS_MAX}, as item=a&item=b`;
    throw new Problem("query-invalid", `Cannot read the likes: ${found}`);
  }
  const counts = await readItems(web.source, site, items, undefined);
  return fresh(web, site, counts, header("if-none-match"));
}

/** Reads items, and what the person gives to them. */
export async function readLikes(
  web: Web,
  request: WebRequest<Static<typeof READ_BODY>>,
): Promise<WebAnswer> {
  const { site, body } = request;
  const token = body.token ?? request.token;
  const subject = token === undefined ? undefined : await subjectOf(web, site, token);
  const counts = await readItems(web.source, site, body.items, subject);
  const items = counts.map((count) => itemLikes(site, count, subject !== undefined));
  return json(200, { items }, { ...freshness(web.source, counts), "Cache-Control": PRIVATE });
}

/** Returns the most liked items of a site, among the most liked of all sites. */
export async function getTop(web: Web, { site, query, header }: WebRequest): Promise<WebAnswer> {
  const text = query.get("limit") ?? `${WEB_TOP_DEFAULT}`;
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > WEB_GET_ITEMS_MAX) {
    const found = `limit is ${JSON.stringify(text)}; give 1 to ${WEB_GET_ITEMS_MAX}`;
    throw new Problem("query-invalid", `Cannot read the most liked items: ${found}`);
  }
  const ranked = { itemIds: [], limit: COUNTS_MAX, subject: undefined };
  const all = countsOf(await counted(web.source, ranked));
  const prefix = itemIdOf(site.name, "");
  const counts = all.filter(({ itemId }) => itemId.startsWith(prefix)).slice(0, Number(text));
  return fresh(web, site, counts, header("if-none-match"));
}

/** Returns a picture of the likes of an item. */
export async function getBadge(web: Web, { itemId, query }: WebRequest): Promise<WebAnswer> {
  const label = query.get("label") ?? "likes";
  const result = await counted(web.source, { itemIds: [itemId], limit: 0, subject: undefined });
  // Unknown likes are drawn as such: a page shows no broken picture.
  const counts = result.type === "counted" ? result.counts : [];
  const likes = counts[0]?.fetched?.likes;
  const kept = likes === undefined ? "no-store" : BADGE_KEPT;
  const fields = { ...freshness(web.source, counts), "Cache-Control": kept };
  return { status: 200, body: badge(label, likes), type: "image/svg+xml", fields };
}

/** Reads the likes of a site's items. Throws Problem. */
export async function readItems(
  source: Reading,
  site: Site,
  items: readonly string[],
  subject: string | undefined,
): Promise<readonly CachedCount[]> {
  const itemIds = items.map((item) => checkedItemId(site, item));
  return countsOf(await counted(source, { itemIds, limit: 0, subject }));
}

/** Returns the id of an item in the ledger. Throws Problem `item-invalid`. */
export function checkedItemId(site: Site, item: string): string {
  const itemId = itemIdOf(site.name, item);
  // An item that is empty, or begins with a blank, hides behind the site's name.
  const refusal = checkItemId(item) ?? checkItemId(itemId);
  if (refusal !== undefined) throw new Problem("item-invalid", refusal.message);
  // Clients resolve it: what takes back its like would forget the person.
  if (item === "." || item === "..") {
    throw new Problem("item-invalid", `Cannot use the item id "${item}": no path can name it`);
  }
  return itemId;
}

/** Returns the likes of an item as an answer has them. */
export function itemLikes(
  site: Site,
  { itemId, fetched, own }: CachedCount,
  isAsked: boolean,
): Static<typeof ITEM_LIKES> {
  const { likes, version, generation, asOfMs } = fetched ?? {};
  return {
    item: itemOf(site.name, itemId),
    likes: likes === undefined ? null : `${likes}`,
    ...reactionsOf(site, fetched),
    version: version === undefined ? null : `${version}`,
    generation: generation ?? null,
    as_of: asOfMs === undefined ? null : `${asOfMs}`,
    ...(isAsked ? { me: own === undefined ? null : meOf(site, own) } : {}),
  };
}

/** Returns null while the outbox may have a greater state: unknown is never told as not liked. */
function meOf(site: Site, { state, countedLikes, isCertain }: OwnLikes): Static<typeof ME> | null {
  if (!isCertain) return null;
  const value = valueOf(site.policy, state);
  return { revision: state.revision, value, counted: countedLikes ?? null };
}

function reactionsOf(
  { policy }: Site,
  fetched: CachedCount["fetched"],
): { readonly reactions?: Record<string, string> } {
  if (policy !== "reactions" || fetched === undefined) return {};
  let plain = fetched.likes;
  const reactions: Record<string, string> = {};
  for (const [reaction, likes] of fetched.reactions ?? []) {
    plain -= likes;
    reactions[reaction] = `${likes}`;
  }
  if (plain > 0n) reactions[PLAIN_LIKE] = `${plain}`;
  return { reactions };
}

/** Returns how fresh the likes are: fields that an answer without a body renews, too. */
export function freshness(
  source: Pick<Reading, "total">,
  counts: readonly CachedCount[],
): Readonly<Record<string, string>> {
  const oldest = counts.reduce<CachedCount["fetched"]>(
    (old, { fetched }) =>
      old === undefined || (fetched?.asOfMs ?? 0) < old.asOfMs ? fetched : old,
    counts[0]?.fetched,
  );
  const status = { "Likes-Status": statusOf(source.total()) };
  if (oldest === undefined) return status;
  return { ...status, "Likes-As-Of": `${oldest.asOfMs}`, "Likes-Version": `${oldest.version}` };
}

/** Returns how complete the total is, as far as this LikesServer knows. */
export function statusOf(total: TotalView | undefined): Static<typeof STATUS_EVENT>["status"] {
  if (total === undefined || total.pulseAgeMs > MEMBER_SILENT_MS) return "unknown";
  return total.pulse.convergence === "catching_up" ? "catching-up" : total.pulse.convergence;
}

/** Returns a public answer, without a body for a client that has it. */
function fresh(
  web: Web,
  site: Site,
  counts: readonly CachedCount[],
  known: string | undefined,
): WebAnswer {
  const etag = etagOf(counts);
  const kept = counts.every(({ fetched }) => fetched !== undefined) ? PUBLIC : "no-store";
  const fields = { ...freshness(web.source, counts), ETag: etag, "Cache-Control": kept };
  if (known?.split(",").some((one) => one.trim() === etag)) return { status: 304, fields };
  return json(200, { items: counts.map((count) => itemLikes(site, count, false)) }, fields);
}

/** Returns the weak tag of an answer: of what it counts, and not of how fresh it is. */
function etagOf(counts: readonly CachedCount[]): string {
  const text = counts.map(({ itemId, fetched }) => {
    const { likes, generation, reactions } = fetched ?? {};
    return [itemId, `${likes}`, generation, ...[...(reactions ?? [])].map(([r, n]) => `${r}:${n}`)];
  });
  const digest = createHash("sha256").update(JSON.stringify(text)).digest("base64url");
  return `W/"${digest.slice(0, 16)}"`;
}

async function counted(source: Reading, items: RequestedItems): Promise<CountsResult> {
  return new Promise((resolve) => source.count(items, resolve));
}

/** Returns the counts of a result. Throws Problem. */
function countsOf(result: CountsResult): readonly CachedCount[] {
  if (result.type === "counted") return result.counts;
  throw problemOf(result.refusal);
}
