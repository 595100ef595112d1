/** Bugs at the wire: numbers, absent fields, changed bytes, backpressure. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const WIRE_TESTS = [
  "test/rpc/wire/wire_test.ts",
  "test/rpc/wire/wire_refusals_test.ts",
  "test/rpc/wire/wire_bounds_test.ts",
];
const NOT_SIMULATED = { isSimulated: false };

const FIELDS = mutantsOf(
  { file: "src/rpc/wire/wire_fields.ts", ...NOT_SIMULATED, tests: WIRE_TESTS },
  [
    {
      name: "short-digest-taken",
      breaks: "pitfall 28: an absent digest is accepted",
      edits: [["  if (wire.length !== 16) throw", "  if (wire.length > 16) throw"]],
    },
  ],
);

const WIRE = mutantsOf({ file: "src/rpc/wire/wire.ts", ...NOT_SIMULATED, tests: WIRE_TESTS }, [
  {
    name: "backward-batch-taken",
    breaks: "law 2: a batch that ends before it begins is accepted",
    edits: [['  if (last < first) throw invalid("last_sequence", wire.lastSequence);', ""]],
  },
]);

const SERVICE = mutantsOf(
  {
    file: "src/rpc/server/likes_service.ts",
    ...NOT_SIMULATED,
    tests: ["test/rpc/server/likes_service_test.ts"],
  },
  [
    {
      name: "outcomes-of-others",
      breaks: "law 1: an add of a batch gets the outcome of another add",
      edits: [
        [
          '          if (isRefusal(one)) return { type: "refused", refusal: one };\n' +
            "          const { value } = inOrder.next();",
          "          const { value } = inOrder.next();\n" +
            '          if (isRefusal(one)) return { type: "refused", refusal: one };',
        ],
      ],
    },
  ],
);

const CODEC = mutantsOf(
  {
    file: "src/format/record_codec.ts",
    // The simulator has its own, cheaper codec.
    ...NOT_SIMULATED,
    tests: ["test/format/record_codec_test.ts"],
  },
  [
    {
      name: "digest-without-history",
      breaks: "law 7: a digest does not cover the history before its record",
      edits: [['update(previous, "hex").update(sequence)', 'update("", "hex").update(sequence)']],
    },
    {
      name: "broken-text-taken",
      breaks: "pitfall 29: an item id that is not UTF-8 becomes another one",
      edits: [["  if (!isUtf8(bytes)) throw", "  if (bytes.length < 0 && !isUtf8(bytes)) throw"]],
    },
  ],
);

const SERVICES = [
  ...mutantsOf(
    {
      file: "src/rpc/server/primary_service.ts",
      ...NOT_SIMULATED,
      tests: ["test/rpc/server/primary_service_test.ts"],
    },
    [
      {
        name: "write-result-ignored",
        breaks: "pitfall 32: writing continues to a stream that does not drain",
        edits: [
          [
            "    send: (message) => call.write(writeFromPrimary(message)),",
            "    send: (message) => call.write(writeFromPrimary(message)) || true,",
          ],
        ],
      },
    ],
  ),
];

/** All bugs of this file. */
export const RPC_MUTANTS: readonly Mutant[] = [
  ...FIELDS,
  ...WIRE,
  ...SERVICE,
  ...CODEC,
  ...SERVICES,
];
