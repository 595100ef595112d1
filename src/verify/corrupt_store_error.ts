/** A value that no build of this program writes; the message says what was found. */
export class CorruptStoreError extends Error {
  override readonly name = "CorruptStoreError";
}
