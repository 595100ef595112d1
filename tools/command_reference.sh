#!/usr/bin/env bash
# `npm run docs`: updates docs/COMMANDS.md with `oclif readme`. It reads a copy of the package without
# hooks, because our hook rejects `readme` as an unknown command of likes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
oclif manifest
cp oclif.manifest.json docs/COMMANDS.md "$folder"
node -p 'const { name, version, oclif: { hooks, ...oclif } } = require("./package.json");
  JSON.stringify({ name, version, oclif })' > "$folder/package.json"
COLUMNS=120 oclif readme --plugin-directory "$folder" --readme-path COMMANDS.md --no-aliases --no-source-links
cp "$folder/COMMANDS.md" docs/COMMANDS.md
