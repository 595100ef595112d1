/** What a whole run of the tests has to amount to, and how long it may take. */

/** Fewer tests in a whole run mean that some were not found. Raise it as tests are added. */
export const EXPECTED_TESTS_MIN = 815;
/** As many as the smallest machine that we test on has cores. */
export const FILES_AT_ONCE = 2;
/** A file of unit tests waits for nothing outside its process. */
export const UNIT_LIMIT_MS = 20_000;
/** A file under test/integration/ starts processes, and waits for what they promise. */
export const INTEGRATION_LIMIT_MS = 120_000;
/** What a file's processes get to end by themselves after it: an orphan has 2 s by contract. */
export const LEFTOVER_WAIT_MS = 3_000;
/** Characters kept of a file's output: its end, where the failures are. */
export const OUTPUT_CHARACTERS_MAX = 200_000;
