import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHARGE_MAX_MS, COMMIT_WAIT_MAX_MS, TURN_MS } from "../../../src/limits.ts";
import { Turns } from "../../../src/rpc/server/turns.ts";
import type { Share } from "../../../src/rpc/server/turns.ts";

/** The time of one job: a turn has 20 of them. */
const JOB_MS = TURN_MS / 20;

test("Turns gives the next turn to the connection that has used the least", () => {
  const loop = new Loop();
  const flooders = Array.from({ length: 20 }, () => loop.turns.join("a"));
  for (const flooder of flooders) loop.fill(flooder, "flood", 2_000, JOB_MS);
  loop.run(50);
  const reader = loop.turns.join("a");
  for (let call = 0; call < 20; call++) {
    const before = loop.done.length;
    loop.fill(reader, "read", 1, JOB_MS);
    loop.run(1);
    assert.ok(loop.done.slice(before).includes("read"), `call ${call} had its turn at once`);
    loop.run(2); // so that it uses less than an equal share: in three turns 20 others get 60 jobs
  }
});

test("Turns gives each address an equal share, and each of its connections a part of it", () => {
  const loop = new Loop();
  for (let index = 0; index < 9; index++) loop.fill(loop.turns.join("a"), `a${index}`, 1_000, 1);
  loop.fill(loop.turns.join("b"), "b0", 1_000, 1);
  loop.fill(loop.turns.join("c"), "c0", 10_000, 0.1);
  loop.run(300);
  const ms = (name: string, each: number) =>
    each * loop.done.filter((one) => one.startsWith(name)).length;
  const all = ms("a", 1) + ms("b", 1) + ms("c", 0.1);
  for (const [name, each] of [
    ["a", 1],
    ["b", 1],
    ["c", 0.1],
  ] as const) {
    assert.ok(
      Math.abs(ms(name, each) / all - 1 / 3) < 0.02,
      `${name} got ${ms(name, each)} of ${all}`,
    );
  }
  for (let index = 0; index < 9; index++) {
    assert.ok(
      Math.abs(ms(`a${index}`, 1) / all - 1 / 27) < 0.01,
      `a${index} got ${ms(`a${index}`, 1)}`,
    );
  }
});

test("Turns gives a new or returning connection an equal share from then on", () => {
  const loop = new Loop();
  const rested = loop.turns.join("a");
  loop.fill(rested, "rested", 1, 1);
  loop.fill(loop.turns.join("b"), "busy", 10_000, 1);
  loop.run(500);
  loop.fill(rested, "rested", 1_000, 1);
  loop.fill(loop.turns.join("c"), "new", 1_000, 1);
  const before = loop.done.length;
  loop.run(150);
  const since = loop.done.slice(before);
  for (const name of ["rested", "busy", "new"]) {
    const share = since.filter((one) => one === name).length / since.length;
    assert.ok(Math.abs(share - 1 / 3) < 0.02, `${name} got ${share}`);
  }
});

test("Turns lets everything else run after TURN_MS", () => {
  const loop = new Loop();
  loop.fill(loop.turns.join("a"), "call", 1_000, TURN_MS / 4);
  loop.run(1);
  assert.is(loop.done.length, 4);
  loop.run(1);
  assert.is(loop.done.length, 8);
});

test("leave() drops waiting jobs, and add() drops later ones", () => {
  const loop = new Loop();
  const gone = loop.turns.join("a");
  const other = loop.turns.join("a");
  loop.fill(gone, "gone", 100, 1);
  loop.fill(other, "other", 3, 1);
  loop.run(1);
  loop.turns.leave(gone);
  loop.fill(gone, "later", 1, 1);
  const before = loop.done.length;
  loop.run(10);
  assert.equal([...new Set(loop.done.slice(before))], ["other"]);
  assert.is(loop.pending, 0, "no job is left");
});

test("whenDone() commits once no job waits", () => {
  const loop = new Loop();
  loop.fill(loop.turns.join("a"), "call", 40, JOB_MS);
  loop.turns.whenDone(() => loop.done.push("commit"));
  loop.run(10);
  assert.is(loop.done.length, 41);
  assert.is(loop.done.at(-1), "commit");
});

test("whenDone() commits in order after COMMIT_WAIT_MAX_MS under a constant load", () => {
  const loop = new Loop();
  loop.fill(loop.turns.join("a"), "call", 10_000, TURN_MS);
  loop.turns.whenDone(() => loop.done.push("first"));
  loop.turns.whenDone(() => loop.done.push("second"));
  loop.run(COMMIT_WAIT_MAX_MS / TURN_MS - 2);
  assert.not.ok(loop.done.includes("first"));
  loop.run(4);
  const commits = loop.done.filter((one) => one !== "call");
  assert.equal(commits, ["first", "second"]);
});

test("Turns charges no job for the CPU time of another program", () => {
  const loop = new Loop();
  for (let flooder = 0; flooder < 20; flooder++) {
    loop.fill(loop.turns.join("a"), "flood", 2_000, JOB_MS);
  }
  const reader = loop.turns.join("a");
  loop.turns.add(reader, () => loop.lose(1_000));
  loop.run(50);
  const before = loop.done.length;
  loop.fill(reader, "read", 1, JOB_MS);
  loop.run(1);
  assert.ok(loop.done.slice(before).includes("read"));
});

test("Turns charges a job at most CHARGE_MAX_MS", () => {
  const loop = new Loop();
  const unlucky = loop.turns.join("a");
  loop.fill(unlucky, "long", 1, 50 * CHARGE_MAX_MS);
  for (let flooder = 0; flooder < 20; flooder++) {
    loop.fill(loop.turns.join("a"), "flood", 2_000, JOB_MS);
  }
  loop.fill(unlucky, "read", 1, JOB_MS);
  const others = (20 * CHARGE_MAX_MS) / JOB_MS;
  for (let turn = 0; turn < 100 && !loop.done.includes("read"); turn++) loop.run(1);
  assert.ok(loop.done.includes("read") && loop.done.length <= others + 22, `${loop.done.length}`);
});

/** An event loop whose time passes only while jobs run, or wait for the CPU. */
class Loop {
  readonly done: string[] = [];
  readonly turns = new Turns({
    nowMs: () => this.#nowMs,
    workedMs: () => this.#nowMs - this.#lostMs,
    later: (turn) => this.#later.push(turn),
  });
  #nowMs = 0;
  #lostMs = 0;
  #later: (() => void)[] = [];

  /** Callbacks for the next turn of the loop. */
  get pending(): number {
    return this.#later.length;
  }

  fill(share: Share, name: string, jobs: number, tookMs: number): void {
    for (let job = 0; job < jobs; job++) {
      this.turns.add(share, () => {
        this.#nowMs += tookMs;
        this.done.push(name);
      });
    }
  }

  /** Lets another program use the CPU for some time. */
  lose(ms: number): void {
    this.#nowMs += ms;
    this.#lostMs += ms;
  }

  run(turns: number): void {
    for (let turn = 0; turn < turns; turn++) {
      const ready = this.#later;
      this.#later = [];
      for (const call of ready) call();
    }
  }
}

test.run();
