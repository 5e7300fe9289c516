#!/usr/bin/env bash
# release.sh [--static] [--binary FILE] [--twice] [--try-key] OUT: builds, packs, describes, signs and verifies a
# release.
#
# PLIMSOLL_KEY and PLIMSOLL_KEY_PASSWORD sign; without a key nothing is signed, and that is said, or
# --try-key makes one that signs and is gone afterwards, so that all the rest is tried.
# --static builds against musl, so that the program asks nothing of where it runs; --binary takes a
# program that is built already; --twice packs again and compares every byte.
set -euo pipefail
source "$(dirname "$0")/steps.sh"
binary='' twice='' static='' try=''
while [ $# -gt 1 ]; do
  case $1 in
    --binary) binary=$(realpath "$2"); shift 2 ;;
    --twice) twice=yes; shift ;;
    --static) static=yes; shift ;;
    --try-key) try=yes; shift ;;
    *) echo "error: unknown flag $1" >&2; exit 2 ;;
  esac
done
[ $# = 1 ] || { echo "usage: release.sh [--static] [--binary FILE] [--twice] [--try-key] OUT" >&2; exit 2; }
out=$1
if [ -e "$out" ]; then echo "error: $out is there already" >&2; exit 2; fi
mkdir -p "$out"
out=$(realpath "$out")
if [ -n "$(git -C "$root" status --porcelain)" ]; then
  echo "note: this is no commit: files are changed, and the provenance says so" >&2
fi

if [ -z "$binary" ] && [ -n "$static" ]; then
  binary=$("$root/packaging/static")
elif [ -z "$binary" ]; then
  step "program"
  # Neither the place of the sources nor that of the registry stands in it.
  RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$root=plimsoll --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
    cargo build --release --locked -p plimsoll-cli --manifest-path "$root/Cargo.toml"
  binary=${CARGO_TARGET_DIR:-$root/target}/release/plimsoll
fi
plimsoll=${PLIMSOLL_ASKED:-$binary}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$root/packaging/pack" "$binary" "$out"
if [ -n "$twice" ]; then
  step "the same again"
  mkdir "$scratch/again"
  "$root/packaging/pack" "$binary" "$scratch/again" > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 3; }
  diff -r "$out" "$scratch/again"
  echo "every byte is the same: $(find "$out" -type f | wc -l) files"
fi

step "bills of materials"
mkdir "$out/lock"
cp "$root/Cargo.lock" "$out/lock/"
"$plimsoll" sbom "dir:$out/lock" -o "spdx-json=$out/plimsoll-$version.spdx.json" -o "cyclonedx-json=$out/plimsoll-$version.cdx.json"
rm -r "$out/lock"
"$plimsoll" sbom "oci-dir:$out/image" -o "spdx-json=$out/image.spdx.json"

step "checksums"
sums=$(cd "$out" && find . -maxdepth 1 -type f -printf '%P\n' | sort | xargs sha256sum)
echo "$sums" > "$out/SHA256SUMS"

if [ -z "${PLIMSOLL_KEY:-}" ] && [ -n "$try" ]; then
  PLIMSOLL_KEY_PASSWORD=$(head -c 18 /dev/urandom | base64)
  export PLIMSOLL_KEY_PASSWORD PLIMSOLL_KEY=$scratch/try.key
  "$plimsoll" key generate -o "$scratch/try"
  echo "note: signed by a key that nobody has afterwards" >&2
fi
if [ -z "${PLIMSOLL_KEY:-}" ]; then
  echo "note: nothing is signed: PLIMSOLL_KEY names no key" >&2
  exit 0
fi
step "signatures and provenance"
builder=${PLIMSOLL_BUILDER:-https://github.com/plimsoll/plimsoll/blob/main/packaging/release.sh}
images=$(cd "$out" && ls -d image image-ci 2> /dev/null || true)
files=$(cd "$out" && ls -- *.tar.gz *.deb *.rpm *.tgz 2> /dev/null || true)
cd "$root"
"$plimsoll" key public --key "$PLIMSOLL_KEY" > "$out/plimsoll.pub"
if [ -e packaging/plimsoll.pub ] && ! cmp -s packaging/plimsoll.pub "$out/plimsoll.pub"; then
  echo "error: PLIMSOLL_KEY is not the key of packaging/plimsoll.pub, which the action trusts" >&2
  exit 2
fi
"$plimsoll" sign --signature "$out/SHA256SUMS.sig" "$out/SHA256SUMS"
for file in $files; do
  "$plimsoll" sign "$out/$file"
  "$plimsoll" provenance generate "$out/$file" --builder-id "$builder" --sign
done
for image in $images; do
  "$plimsoll" sign "oci-dir:$out/$image"
  "$plimsoll" attest --predicate "$out/image.spdx.json" "oci-dir:$out/$image"
  "$plimsoll" provenance generate "oci-dir:$out/$image" --builder-id "$builder" --sign
done

PLIMSOLL=$plimsoll "$root/packaging/verify" "$out"
step "$out"
ls -l "$out"
