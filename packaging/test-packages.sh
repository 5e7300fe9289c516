#!/usr/bin/env bash
# test-packages.sh OUT [ROOT]: the packages of a release in a Debian root: they install, run, upgrade, are
# removed and leave nothing. ROOT is a root that is there already; else debootstrap makes one.
set -euo pipefail
source "$(dirname "$0")/steps.sh"
[ "$(id -u)" = 0 ] || { echo "error: chroot needs root" >&2; exit 2; }
out=$(realpath "$1")
at=${2:-}
deb=$(ls "$out"/plimsoll_*.deb)
if [ -z "$at" ]; then
  at=$(mktemp -d -t plimsoll-packages.XXXXXX)
  trap 'rm -rf --one-file-system "$at"' EXIT
  debootstrap --variant=minbase "${PLIMSOLL_SUITE:-bookworm}" "$at" > /dev/null
fi
inside() { chroot "$at" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }
snapshot() { (cd "$at" && find etc usr var/lib -xdev ! -path 'var/lib/dpkg/*' ! -path 'var/lib/apt/*' | sort); }

for image in "$out"/image; do
  bytes=$(du -sb "$image" | cut -f1)
  step "$image: $bytes bytes"
  [ "$bytes" -lt 30000000 ] || { echo "error: $image is larger than 30 MB" >&2; exit 3; }
done

before=$(snapshot)
step "install"
cp "$deb" "$at/tmp/plimsoll.deb"
inside dpkg --install /tmp/plimsoll.deb
inside plimsoll --version
inside plimsoll scan rootfs:/ -o json > "$at/tmp/scan.json"
python3 - "$at/tmp/scan.json" <<'PY'
import json, sys
scan = json.load(open(sys.argv[1]))
print(f"scanned: {scan['distro']['name']}, {len(scan['findings'])} findings of the built-in set")
PY
inside bash -n /usr/share/bash-completion/completions/plimsoll
test -s "$at/usr/share/man/man1/plimsoll-scan.1.gz"
inside dpkg --verify plimsoll

step "upgrade: a file that was changed stays"
echo '# mine' >> "$at/etc/default/plimsoll"
newer=$(mktemp -d)
PLIMSOLL_REVISION=2 "$root/packaging/deb" "${PLIMSOLL_BINARY:-$at/usr/bin/plimsoll}" "$newer" > /dev/null
cp "$newer"/*.deb "$at/tmp/newer.deb"
rm -r "$newer"
inside dpkg --install --force-confdef /tmp/newer.deb
grep -q '# mine' "$at/etc/default/plimsoll"
inside dpkg-query -W plimsoll

step "remove, purge: nothing is left"
inside dpkg --remove plimsoll
test -e "$at/etc/default/plimsoll"
test ! -e "$at/usr/bin/plimsoll"
inside dpkg --purge plimsoll
rm -f "$at"/tmp/{plimsoll.deb,newer.deb,scan.json}
left=$(diff <(echo "$before") <(snapshot) || true)
if [ -n "$left" ]; then echo "left behind:"; echo "$left"; exit 1; fi
echo "nothing is left"

rpm=$(ls "$out"/plimsoll-*.rpm 2> /dev/null || true)
if [ -n "$rpm" ] && command -v rpm > /dev/null; then
  step "RPM, in a root of its own"
  fresh=$(mktemp -d)
  rpm --root "$fresh" --initdb
  # glibc is this machine's word: the root has no other package.
  rpm --root "$fresh" --nodeps --noscripts --install "$rpm"
  rpm --root "$fresh" --verify --nodeps plimsoll
  rpm --root "$fresh" --query --requires plimsoll | grep -v rpmlib
  "$fresh/usr/bin/plimsoll" --version
  rpm --root "$fresh" --nodeps --noscripts --erase plimsoll
  test ! -e "$fresh/usr/bin/plimsoll"
  rm -r "$fresh"
fi
step "done"
