#!/usr/bin/env bash
# `npm run matrix`: the suite on each Node that package.json names, or on those that are given, one after
# another. Each gets a copy of the working tree and an installation of its own, which are gone afterwards.
# `-- --only PART` runs the files of tests whose path contains the part.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

supported="$(node -p 'require("./package.json").engines.node.match(/(?<=\^)\d+/g).join(" ")')"
versions=() parts=()
while [ $# -gt 0 ]; do
  case "$1" in
    --only) parts+=("${2:?Cannot read --only: give a part of a path}"); shift ;;
    newest) versions+=("${supported##* }") ;;
    [0-9]*) versions+=("$1") ;;
    *) echo "Cannot try Node $1: give some of $supported newest" >&2; exit 2 ;;
  esac
  shift
done
# shellcheck disable=SC2206 # words
[ ${#versions[@]} -gt 0 ] || versions=($supported)

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP

# What npm tells the scripts of this package is not for the copy.
for name in $(compgen -e | grep -E '^(npm_(package_|lifecycle_|command$|(node_)?execpath$|config_local)|NODE$|INIT_CWD$)'); do unset "$name"; done

# The suite under one Node: its package from npm, the files that git keeps or would keep, and `npm ci`.
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
