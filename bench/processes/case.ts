/** Measures one delivery, with the build that the environment names. */
import { measureCase } from "../figures/items.ts";
import type { ItemCase } from "../item_cases.ts";
import { serve } from "./serve.ts";

serve({
  measure: ({ one, events }: { readonly one: ItemCase; readonly events: number }) => {
    return measureCase(one, events);
  },
});
