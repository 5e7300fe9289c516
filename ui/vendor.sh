#!/bin/sh
# Copies what the pages have from others out of npm's packages into vendor/, and checks it.
# The lock file says which packages; nothing is fetched when Plimsoll is built.
#   ui/vendor.sh          fetch, copy and check against vendor/SHA256SUMS
#   ui/vendor.sh --renew  the same, and write vendor/SHA256SUMS anew
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/package-lock.json" "$work/"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund)
cp "$work/node_modules/htmx.org/dist/htmx.min.js" "$here/vendor/htmx.min.js"
cp "$work/node_modules/htmx.org/LICENSE" "$here/vendor/htmx.LICENSE"
cp "$work/node_modules/uplot/dist/uPlot.iife.min.js" "$here/vendor/uPlot.iife.min.js"
cp "$work/node_modules/uplot/dist/uPlot.min.css" "$here/vendor/uPlot.min.css"
cp "$work/node_modules/uplot/LICENSE" "$here/vendor/uPlot.LICENSE"
cd "$here/vendor"
if [ "${1:-}" = --renew ]; then
    sha256sum htmx.min.js htmx.LICENSE uPlot.iife.min.js uPlot.min.css uPlot.LICENSE > SHA256SUMS
fi
sha256sum --check SHA256SUMS
