import { Add } from "./add.ts";
import { Backup } from "./backup.ts";
import { Bench } from "./bench.ts";
import { Completion } from "./completion.ts";
import { Count } from "./count.ts";
import { Forget } from "./forget.ts";
import { Help } from "./help.ts";
import { Key } from "./key.ts";
import { Orchestrate } from "./orchestrate.ts";
import { Resolve } from "./resolve.ts";
import { Retire } from "./retire.ts";
import { SetCommand } from "./set.ts";
import { StartLikes } from "./start_likes.ts";
import { StartPrimary } from "./start_primary.ts";
import { StatusCommand } from "./status.ts";
import { Verify } from "./verify.ts";

/**
 * The commands, by the names that people type. Every command loads this module. A command therefore
 * imports at the top only what its metadata needs, and the rest when it runs.
 */
export const COMMANDS = {
  orchestrate: Orchestrate,
  "start-primary": StartPrimary,
  "start-likes": StartLikes,
  status: StatusCommand,
  add: Add,
  set: SetCommand,
  forget: Forget,
  count: Count,
  key: Key,
  verify: Verify,
  bench: Bench,
  backup: Backup,
  retire: Retire,
  resolve: Resolve,
  completion: Completion,
  help: Help,
};
