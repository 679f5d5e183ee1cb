#!/bin/sh
# Makes the folder $1: DuckDB as the site's pages run it, with its licences, and axe-core for the tests.
# npm works in a folder beside that one, never in this one.
set -eu
from=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$(dirname "$1")"
to=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$to.npm
trap 'rm -rf "$work"' EXIT
rm -rf "$work"
cp -R "$from" "$work"
cd "$work"
npm ci --silent
modules=$work/node_modules
version=$(node -p 'require("./package.json").dependencies["@duckdb/duckdb-wasm"]')
duckdb=$work/made/duckdb-$version
mkdir -p "$duckdb" "$work/made/axe-core"
"$modules/.bin/esbuild" duckdb.js --bundle --minify --format=esm --platform=browser --target=es2022 --legal-comments=none \
  --log-level=warning --outfile="$duckdb/duckdb.js"
cp "$modules/@duckdb/duckdb-wasm/dist/duckdb-eh.wasm" "$duckdb"
sed '/^\/\/# sourceMappingURL=/d' "$modules/@duckdb/duckdb-wasm/dist/duckdb-browser-eh.worker.js" >"$duckdb/duckdb-browser-eh.worker.js"
for file in "$work/duckdb-wasm.LICENSE.txt" "$modules/apache-arrow/LICENSE.txt" "$modules/apache-arrow/NOTICE.txt" \
  "$modules/flatbuffers/LICENSE" "$modules/tslib/LICENSE.txt" "$modules/tslib/CopyrightNotice.txt"; do
  printf '%s\n\n' "== ${file#"$modules/"}" | sed "s|$work/||"
  cat "$file"
  echo
done >"$duckdb/LICENCES.txt"
cp "$modules/axe-core/axe.min.js" "$modules/axe-core/LICENSE" "$work/made/axe-core"
rm -rf "$to"
mv "$work/made" "$to"
