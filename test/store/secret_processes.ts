import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Starts processes that make or read the secret of `folder` together. Returns what each has. */
export async function secretsOf(processes: number, folder: string): Promise<readonly string[]> {
  const file = fileURLToPath(new URL("secret_maker.ts", import.meta.url));
  const children = Array.from({ length: processes }, () => {
    return fork(file, [folder], { execArgv: ["--import", "tsx"] });
  });
  const exits = children.map((child) => once(child, "exit"));
  await Promise.all(children.map((child) => once(child, "message")));
  const told = children.map((child) => once(child, "message"));
  for (const child of children) child.send("go");
  const secrets = (await Promise.all(told)).map(([secret]) => String(secret));
  await Promise.all(exits);
  return secrets;
}
