/** What LiveScreen leaves on a terminal that is narrow, gets narrower, or has no known size. */
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import xterm from "@xterm/headless";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LiveScreen } from "../../commands/_live_screen.ts";
import { emptyStatus, serverStatus } from "../rpc/serving.ts";

const ROWS = 30;

/** A terminal that rewraps its lines when it gets narrower, as most do. */
class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly #screen: InstanceType<typeof xterm.Terminal>;
  #size: { columns: number; rows: number };

  constructor(columns: number, rows = ROWS) {
    super();
    this.#size = { columns, rows };
    const size = { cols: columns || 80, rows: rows || ROWS };
    this.#screen = new xterm.Terminal({ ...size, convertEol: true, allowProposedApi: true });
  }

  get columns(): number {
    return this.#size.columns;
  }

  get rows(): number {
    return this.#size.rows;
  }

  async narrow(columns: number): Promise<void> {
    await this.lines();
    this.#size = { columns, rows: ROWS };
    this.#screen.resize(columns, ROWS);
  }

  /** The lines on the screen and above it. */
  async lines(): Promise<string[]> {
    for (let chunk = this.read(); chunk !== null; chunk = this.read()) {
      await new Promise<void>((resolve) => this.#screen.write(String(chunk), resolve));
    }
    const { active } = this.#screen.buffer;
    const lines = Array.from({ length: active.length }, (_, index) => {
      return active.getLine(index)?.translateToString(true) ?? "";
    });
    return lines.filter((line) => line !== "");
  }
}

test("draw() erases a frame that was drawn before the terminal got narrower", async () => {
  const terminal = new Terminal(100);
  terminal.write("$ likes status\n");
  const screen = new LiveScreen(terminal as never);
  const servers = [0, 1, 2, 3].map(serverStatus);
  screen.draw(screen.statusText({ ...emptyStatus(1), servers }));
  assert.match((await terminal.lines()).join("\n"), "likes-server-3");
  for (const columns of [60, 41, 25]) {
    await terminal.narrow(columns);
    const text = screen.statusText({ ...emptyStatus(1), servers });
    screen.draw(text);
    const drawn = stripVTControlCharacters(text)
      .split("\n")
      .map((line) => line.trimEnd());
    assert.equal(
      await terminal.lines(),
      ["$ likes status", ...drawn.filter((line) => line !== "")],
      `${columns} columns`,
    );
  }
});

test("draw() uses a default size when the terminal has none", async () => {
  const terminal = new Terminal(0, 0);
  const screen = new LiveScreen(terminal as never);
  screen.draw(screen.statusText({ ...emptyStatus(1), servers: [serverStatus(0)] }));
  assert.match((await terminal.lines()).join("\n"), /CONVERGED[^]*likes-server-0/);
});

test.run();
