import { World } from "./world.ts";
const [seed] = process.argv.slice(2).map(Number);
const w = new World(seed as number, 3);
try { w.run(); } catch (e) {
  console.log(String(e).slice(0, 200));
  const p = w.primary!;
  console.log("same disk", p.disk === w.ledger, "isAdding", w.isAdding, "hosts", w.hosts.length, w.hosts.map(h => h.outboxId.slice(0,6)));
  for (const h of w.hosts) { const c = h.process?.core; console.log(h.outboxId.slice(0,6), h.hasConverged(w.ledger), c?.incarnation.slice(0,6), w.ledger.incarnations.get(c!.incarnation)?.state, p.disk.incarnations.get(c!.incarnation)?.state, h.disk.content.state.incarnations.map(i=>[i.incarnation.slice(0,6), i.closed, !!i.parked])); }
}
