import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultDataDir } from "../../src/cli/data_dir.ts";
import { faultOf } from "../store/faults.ts";

const SYSTEM = "/of-system";

test("defaultDataDir() asks the system when a variable is empty or relative", () => {
  const cases = [
    [{ XDG_STATE_HOME: "/state", HOME: "/of-a" }, "/state/likes"],
    [{ HOME: "/of-a" }, "/of-a/.local/state/likes"],
    [{ XDG_STATE_HOME: "", HOME: "/of-a" }, "/of-a/.local/state/likes"],
    [{ XDG_STATE_HOME: "state", HOME: "/of-a" }, "/of-a/.local/state/likes"],
    [{ XDG_STATE_HOME: "./state", HOME: "" }, `${SYSTEM}/.local/state/likes`],
    [{ HOME: "a" }, `${SYSTEM}/.local/state/likes`],
    [{}, `${SYSTEM}/.local/state/likes`],
  ] as const;
  for (const [environment, folder] of cases) {
    assert.is(
      defaultDataDir(environment, () => SYSTEM),
      folder,
      JSON.stringify(environment),
    );
  }
});

test("defaultDataDir() throws when the system knows no home either", async () => {
  for (const home of [undefined, "", "a"]) {
    const { message } = await faultOf("usage", () => defaultDataDir({ HOME: "" }, () => home));
    assert.match(message, "give --data-dir");
  }
});

test.run();
