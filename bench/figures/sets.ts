/**
 * How fast sets of persons are applied to a ledger of many registers, beside adds to as many items.
 */
import type * as registerModule from "../../src/core/protocol/register.ts";
import type { PersonId } from "../../src/core/protocol/ids.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import { built } from "../built.ts";
import { longestRows } from "../counter.ts";
import { deliver, fillWith } from "../delivery.ts";
import type { Delivered } from "../delivery.ts";
import type { Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import { LARGEST, randomOf } from "../item_cases.ts";
import { measureCase } from "./items.ts";

/** Persons who gave something to each item. */
const PERSONS_PER_ITEM = 100;
const RATIO_MIN = 0.5;

interface SetCase {
  readonly name: string;
  readonly size: number;
  readonly runs: number;
}

const CASES: readonly SetCase[] = [
  { name: "1,000,000", size: 1_000_000, runs: 3 },
  { name: "10,000,000", size: LARGEST.items, runs: 1 },
];

/** `npm run bench -- sets`. */
export const sets: Figure = {
  name: "sets",
  title: "sets per second that the primary applies, beside adds to as many items",
  seconds: 300,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const events = brief ? 5_000 : 1_000_000;
  const rows: Row[] = [];
  for (const { name, ...one } of CASES) {
    const size = brief ? 2_000 : one.size;
    const runs = brief ? 1 : one.runs;
    const adds: Delivered[] = [];
    const given: Delivered[] = [];
    for (let run = 1; run <= runs; run++) {
      adds.push(await measureCase({ name, items: size, isZipf: false }, events));
      given.push(await measureSets(size, events));
      printProgress(`run ${run} of ${runs}: ${name}`);
    }
    rows.push(...rowsOf(name, adds, given));
  }
  return {
    settings: {
      "events per backlog": events,
      "events per record": "1,000",
      "registers per item": PERSONS_PER_ITEM,
      LikesServers: 1,
    },
    rows,
    checked: [
      "every event was applied once: 0 lost",
      "each total is what the greatest state of each register and all adds make, in each run",
    ],
  };
}

/** Measures sets of registers among `size`, each of which has a like before. */
async function measureSets(size: number, events: number): Promise<Delivered> {
  const { registerKey } = await built<typeof registerModule>("core/protocol/register.js");
  return deliver({
    events,
    eventOf: (index) => setOf(size, index),
    gainedBySets: gainedBy(size, events),
    fill: (dataDir) =>
      fillWith(dataDir, size, (from, upTo) => {
        const registers = Array.from({ length: upTo - from }, (_, at) =>
          registerOf(size, from + at),
        );
        const keys = registers.map(({ person, itemId }) => registerKey(person, itemId));
        return {
          needs: [{ type: "registers", keys }],
          change: (transaction) => {
            for (const { person, itemId } of registers) {
              transaction.setRegister(person, itemId, { revision: 1, reaction: 1, likes: 1 });
              transaction.addLikes(itemId, 1n);
            }
          },
        };
      }),
  });
}

/** Returns an event: any register is liked or taken back, and is greater than before. */
function setOf(size: number, index: number): LikeEvent {
  const { person, itemId } = registerOf(size, Math.floor(randomOf(index) * size));
  const likes = likesOf(index);
  const state = { revision: index + 2, reaction: likes, likes };
  return { itemId, change: { kind: "set", person, state } };
}

function likesOf(index: number): number {
  return index % 2;
}

/** Returns what the last set of each register changes in the total. */
function gainedBy(size: number, events: number): bigint {
  const last = new Map<number, number>();
  for (let index = 0; index < events; index++) {
    last.set(Math.floor(randomOf(index) * size), likesOf(index));
  }
  let gained = 0;
  for (const likes of last.values()) gained += likes - 1;
  return BigInt(gained);
}

/** Neighbouring registers have persons that are far apart, as pseudonyms are. */
function registerOf(
  size: number,
  index: number,
): { readonly person: PersonId; readonly itemId: string } {
  const items = Math.max(1, Math.floor(size / PERSONS_PER_ITEM));
  const parts = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f].map((factor) => {
    return (Math.imul(index + 1, factor) >>> 0).toString(16).padStart(8, "0");
  });
  return { person: parts.join("") as PersonId, itemId: `video-${index % items}` };
}

function rowsOf(name: string, adds: readonly Delivered[], given: readonly Delivered[]): Row[] {
  const perS = ({ events, appliedMs }: Delivered): number => (events * 1_000) / appliedMs;
  const costOf = ({ events, processorMs }: Delivered): number => {
    return (processorMs.primary * 1_000) / events;
  };
  const ratios = given.map((one, run) => {
    const other = adds[run];
    return other === undefined ? NaN : perS(one) / perS(other);
  });
  const [items, registers] = [`${name} items: adds`, `${name} registers: sets`];
  return [
    { name: items, unit: "events/s", values: adds.map(perS) },
    { name: registers, unit: "events/s", values: given.map(perS) },
    {
      name: `${name}: sets to adds`,
      unit: "x",
      values: ratios,
      aim: { is: "over", bound: RATIO_MIN },
    },
    { name: `${items}, processor, primary`, unit: "µs", values: adds.map(costOf) },
    { name: `${registers}, processor, primary`, unit: "µs", values: given.map(costOf) },
    ...longestRows(registers, given),
  ];
}
