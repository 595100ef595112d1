import { World } from "/work/wt/sim/test/simulator/world.ts";
const [first, count, servers] = process.argv.slice(2).map(Number) as [number,number,number];
const trace = process.env.TRACE ? (l: string) => console.log(l) : undefined;
let failed = 0; const sum: Record<string, number> = {}; let steps = 0, sims = 0, gifts = 0, acc=0, counted=0;
const t0 = process.cpuUsage();
const kinds = new Map<string, number[]>();
for (let seed = first; seed < first + count; seed++) {
  const w = new World(seed, servers ?? 3, trace);
  try { w.run(); } catch (e) { failed++; const m = (e as Error).message.replace(/[0-9a-f]{32}/g, s=>s.slice(0,6)); const k=((e as Error).name+": "+m).replace(/\d+/g,'N').replace(/[0-9a-f]*N[0-9a-fN]*/g,'N').slice(0,230); const l=kinds.get(k)??[]; l.push(seed); kinds.set(k,l); if (l.length<=1) console.log(seed, m.slice(0, 1500), (e as Error).name==="SimulationFailure"?"":(e as Error).stack?.split("\n").slice(1,6).join("\n")); }
  for (const [k, v] of Object.entries(w.faultsFired)) sum[k] = (sum[k] ?? 0) + v;
  steps += w.agenda.steps; sims += w.agenda.nowMs; gifts += w.oracle.truth.gifts.length; acc += w.oracle.truth.accepted.length; counted += w.oracle.lineage.counted;
}
const cu = process.cpuUsage(t0); const s = (cu.user+cu.system) / 1e6;
for (const [k,l] of kinds) console.log(l.length, k, l.slice(0,8).join(","));
console.log(JSON.stringify(sum));
console.log(`${failed} of ${count} failed; ${(count / s).toFixed(0)} seeds/s; ${(steps / count).toFixed(0)} steps, ${(sims / count).toFixed(0)} ms, ${(gifts/count).toFixed(0)} gifts, ${(acc/count).toFixed(0)} accepted, ${(counted/count).toFixed(0)} counted`);
