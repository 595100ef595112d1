/** The expected size of a whole test run, and the limits of its processes. */
import { availableParallelism } from "node:os";

/**
 * Fewer tests in a whole run mean that some were not found. Raise the number as tests are added.
 */
export const EXPECTED_TESTS_MIN = 1_200;
/** More than the cores, because tests also wait. */
export const FILES_AT_ONCE = availableParallelism() + 2;
/**
 * A process of tests that prints nothing for so long hangs. uvu prints a dot after each test, so
 * the limit is that of one test and not of a file.
 */
export const SILENCE_MAX_MS = 10 * 60_000;
/** The same for `npm run nightly`, in which one test sweeps for minutes. */
export const NIGHTLY_SILENCE_MAX_MS = 60 * 60_000;
/** What a file's processes get to end by themselves after it: an orphan has 2 s by contract. */
export const LEFTOVER_WAIT_MS = 10_000;
/** Characters kept from the end of a file's output, where the failures are. */
export const OUTPUT_CHARACTERS_MAX = 200_000;
