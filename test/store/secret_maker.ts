/** A process that makes or reads the secret of a folder when its parent says so, and tells it. */
import { secretIn } from "../../src/store/secret_file.ts";

const [folder = ""] = process.argv.slice(2);
process.once("message", () => {
  const secret = Buffer.from(secretIn(folder)).toString("hex");
  process.send?.(secret, () => process.disconnect());
});
process.send?.("ready");
