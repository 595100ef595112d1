import { fork } from "node:child_process";
import { once } from "node:events";

/** Runs `program` on `folder` in processes that begin together. Returns what each tells. */
export async function together(
  processes: number,
  program: URL,
  folder: string,
): Promise<readonly unknown[]> {
  const children = Array.from({ length: processes }, () => {
    return fork(program, [folder], { execArgv: ["--import", "tsx"] });
  });
  const exits = children.map((child) => once(child, "exit"));
  await Promise.all(children.map((child) => once(child, "message")));
  const told = children.map((child) => once(child, "message"));
  for (const child of children) child.send("go");
  const answers: unknown[] = (await Promise.all(told)).map(([answer]) => answer);
  await Promise.all(exits);
  return answers;
}
