/** An oclif 4 command line with one command that does nothing, to compare with. */
import { execute } from "@oclif/core";

await execute({ dir: import.meta.url });
