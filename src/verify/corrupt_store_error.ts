/** What no build of this program writes; the message says what was found instead. */
export class CorruptStoreError extends Error {
  override readonly name = "CorruptStoreError";
}
