/** A process that adds keys in a folder when its parent says so, and tells them. */
import { addSiteKey, firstSiteKey } from "../../src/store/site_keys.ts";

const [folder = ""] = process.argv.slice(2);
process.once("message", () => {
  const first = firstSiteKey(folder, "shared");
  const own = ["a", "b", "c"].map((site) => addSiteKey(folder, `${site}-${process.pid}`));
  const added = addSiteKey(folder, "shared");
  process.send?.({ first, own, added }, () => process.disconnect());
});
process.send?.("ready");
