/** Bugs of the pages: who a person is, what may be written, what is told. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

export const WEB_MUTANTS: readonly Mutant[] = [
  ...mutantsOf(
    { file: "src/web/site.ts", isSimulated: false, tests: ["test/web/write_likes_test.ts"] },
    [
      {
        name: "web-revision-out-of-turn",
        breaks: "odd revisions give a like: an old client would undo what it has not seen",
        edits: [["revision % 2 === value", "revision % 2 >= 0"]],
      },
      {
        name: "web-reaction-is-a-number",
        breaks: "a reaction is one like of a kind",
        edits: [
          ["return { reaction: value, likes: 1 };", "return { reaction: PLAIN_LIKE, likes: 1 };"],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/web/write_likes.ts", isSimulated: false, tests: ["test/web/write_likes_test.ts"] },
    [
      {
        name: "web-unlike-is-charged",
        breaks: "taking back is never refused by a limit",
        edits: [["wishes.filter(({ value }) => value > 0).length", "wishes.length"]],
      },
      {
        name: "web-batch-out-of-order",
        breaks: "each operation of a batch has its own outcome",
        edits: [
          [
            "const items = read.map((set, index) => {",
            "const items = read.toReversed().map((set, index) => {",
          ],
        ],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/web/write_likes.ts", isSimulated: false, tests: ["test/web/form_test.ts"] },
    [
      {
        name: "web-return-anywhere",
        breaks: "a form returns to the site alone: else it sends people where somebody wants",
        edits: [["site.origins.includes(url.origin)", "url.origin !== site.name"]],
      },
      {
        name: "web-form-mints-without-cookie",
        breaks: "once per person: a form whose cookie is not kept would like again and again",
        edits: [["if (keepsCookies(request)) return", 'if (request.client !== "") return']],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/web/tokens.ts", isSimulated: false, tests: ["test/web/tokens_test.ts"] },
    [
      {
        name: "web-token-of-any-site",
        breaks: "a token of another site is no token here",
        edits: [["`anonymous\\0${site}\\0${id}`", "`anonymous\\0${id}`"]],
      },
      {
        name: "web-removed-key-still-signs",
        breaks: "a key that was removed signs nothing, also for tokens that were checked before",
        edits: [
          [
            "known.key === undefined || this.#keys.of(site).includes(known.key)",
            'known.key !== ""',
          ],
        ],
      },
      {
        name: "web-checked-token-never-expires",
        breaks: "an expired token is refused, also if it was checked before",
        edits: [["known === undefined || known.expiresMs <= this.#now()", "known === undefined"]],
      },
      {
        name: "web-backend-names-anonymous",
        breaks: "nobody likes for somebody else: a backend cannot speak for anonymous persons",
        edits: [[" || subject.startsWith(ANONYMOUS)) {", ") {"]],
      },
      {
        name: "web-token-of-a-year",
        breaks: "a stolen token ends within a day",
        edits: [["exp - this.#now() / 1_000 > TOKEN_AGE_MAX_S", "exp < 0"]],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/web/minting.ts", isSimulated: false, tests: ["test/web/minting_test.ts"] },
    [
      {
        name: "web-challenge-spent-twice",
        breaks: "each new person costs a challenge",
        edits: [["!isSolved || this.#spent.has(nonce)", "!isSolved"]],
      },
      {
        name: "web-challenge-of-any-site",
        breaks: "a challenge is of one site",
        edits: [['if (challenge.parameters.data?.["site"] !== site) return false;', ""]],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: "src/web/client_address.ts",
      isSimulated: false,
      tests: ["test/web/minting_test.ts"],
    },
    [
      {
        name: "web-address-from-the-left",
        breaks: "the first entry of X-Forwarded-For is the client's own word",
        edits: [["hops.at(-proxyHops)", "hops.at(0)"]],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/web/request.ts", isSimulated: false, tests: ["test/web/form_test.ts"] },
    [
      {
        name: "web-cookie-without-origin",
        breaks: "a browser sends its cookie for any page: without an origin nobody knows which",
        edits: [["? !isCookie && ", "? "]],
      },
    ],
  ),
  ...mutantsOf(
    { file: "src/web/read_likes.ts", isSimulated: false, tests: ["test/web/read_likes_test.ts"] },
    [
      {
        name: "web-tag-of-the-version",
        breaks: "likes that are the same have the same tag",
        edits: [
          [
            "const { likes, generation, reactions } = fetched ?? {};\n    return",
            "const { likes, version: generation, reactions } = fetched ?? {};\n    return",
          ],
        ],
      },
      {
        name: "web-unknown-is-zero",
        breaks: "unknown likes are never shown as 0",
        edits: [["likes: likes === undefined ? null : `${likes}`", "likes: `${likes ?? 0n}`"]],
      },
    ],
  ),
];
