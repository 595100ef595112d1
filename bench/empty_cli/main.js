/** An oclif 4 command line with one empty command, for comparison. */
import { execute } from "@oclif/core";

await execute({ dir: import.meta.url });
