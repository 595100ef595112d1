#!/usr/bin/env bash
# `npm run matrix`: runs the suite on each Node version of package.json, or on the given ones, in turn.
# Each gets its own copy of the working tree and installation, which are removed afterwards.
# `-- --only PART` runs the test files whose path contains PART.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

supported="$(node -p 'require("./package.json").engines.node.match(/(?<=\^)\d+/g).join(" ")')"
versions=() parts=()
while [ $# -gt 0 ]; do
  case "$1" in
    --only) parts+=("${2:?Cannot read --only: give a part of a path}"); shift ;;
    newest) versions+=("${supported##* }") ;;
    [0-9]*) versions+=("$1") ;;
    *) echo "Cannot run Node $1: give some of $supported newest" >&2; exit 2 ;;
  esac
  shift
done
# shellcheck disable=SC2206 # words
[ ${#versions[@]} -gt 0 ] || versions=($supported)

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP

# npm's variables for this package must not reach the copy.
for name in $(compgen -e | grep -E '^(npm_(package_|lifecycle_|command$|(node_)?execpath$|config_local)|NODE$|INIT_CWD$)'); do unset "$name"; done

# Runs the suite on one Node: its package from npm, all files that git does not ignore, and `npm ci`.
try() {
  rm -rf "$folder"/*
  mkdir "$folder/node" "$folder/copy"
  local name
  name="node-$(node -p 'process.platform + "-" + process.arch')"
  npm i --prefix "$folder/node" --no-save --no-audit --no-fund "$name@$1" &&
    git ls-files --cached --others --exclude-standard | while read -r path; do
      [ ! -e "$path" ] || echo "$path"
    done | tar -cT - | tar -xC "$folder/copy" &&
    (
      cd "$folder/copy"
      PATH="$folder/node/node_modules/$name/bin:$PATH"
      [[ "$(node --version)" == "v$1"* ]] && node --version && npm ci --no-audit --no-fund && npm test -- ${parts[@]+"${parts[@]}"}
    )
}

lines=()
failed=0
for version in "${versions[@]}"; do
  if try "$version"; then
    lines+=("node $version: passed")
  else
    lines+=("node $version: FAILED")
    failed=1
  fi
done
printf '%s\n' "" "${lines[@]}"
exit "$failed"
