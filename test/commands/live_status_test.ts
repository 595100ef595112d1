import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LiveScreen } from "../../commands/_live_screen.ts";
import { LiveStatus } from "../../commands/_live_status.ts";
import { becomes } from "../fixtures/eventually.ts";
import { emptyStatus } from "../rpc/serving.ts";

/** A terminal that keeps what was written to it since the last read. */
class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = 100;
  readonly rows = 24;

  drawn(): string {
    let text = "";
    // After several writes, one read returns all on some Nodes, and the first on others.
    for (let chunk = this.read(); chunk !== null; chunk = this.read()) text += String(chunk);
    return stripVTControlCharacters(text);
  }
}

function liveOn(terminal: Terminal): LiveStatus {
  return new LiveStatus(new LiveScreen(terminal as never), 100);
}

test("away() replaces the table at once, and show() brings it back", () => {
  const terminal = new Terminal();
  const live = liveOn(terminal);
  live.show(emptyStatus(1));
  assert.match(terminal.drawn(), "CONVERGED everywhere");
  live.away("Cannot reach it: gone");
  const away = terminal.drawn();
  assert.match(away, /UNKNOWN, as of [^]*no answer [^]*Cannot reach it: gone/);
  assert.not.match(away, "CONVERGED");
  live.show(emptyStatus(2));
  assert.match(terminal.drawn(), "CONVERGED everywhere");
  live.end();
});

test("show() is replaced when no status follows, even without a reason", async () => {
  const terminal = new Terminal();
  const live = liveOn(terminal);
  live.show(emptyStatus(1));
  let last = "";
  await becomes("UNKNOWN on the screen", () => {
    last = terminal.drawn() || last;
    return last.includes("UNKNOWN");
  });
  assert.match(last, /no answer from the primary for \d/);
  live.end();
});

test.run();
