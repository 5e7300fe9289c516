#!/usr/bin/env bash
# clean-machine.sh [COMMAND]: README's two commands on a Debian that has nothing: `make demo`, then `make
# test`. COMMAND is what is run instead.
#
# debootstrap makes the root; it is entered with chroot, as root. The commit that is checked out is cloned
# into it. What is downloaded is Debian's packages, rustup and crates; an hour on two cores.
set -euo pipefail
source "$(dirname "$0")/steps.sh"
[ "$(id -u)" = 0 ] || { echo "error: chroot needs root" >&2; exit 2; }
suite=${PLIMSOLL_SUITE:-bookworm}
at=${PLIMSOLL_CLEAN_ROOT:-$(mktemp -d -t plimsoll-clean.XXXXXX)}
command=${1:-make demo && make test}

cleanup() {
  for mount in dev/pts dev proc sys ""; do umount --recursive "$at/$mount" 2> /dev/null || true; done
  if [ -z "${PLIMSOLL_CLEAN_ROOT:-}" ]; then rm -rf --one-file-system "$at"; fi
}
trap cleanup EXIT

if [ ! -e "$at/etc/debian_version" ]; then
  step "a Debian with make, git and curl"
  debootstrap --variant=minbase --include=ca-certificates,curl,git,make "$suite" "$at" > "$at.log" ||
    { tail -n 5 "$at.log" >&2; exit 3; }
  rm -f "$at.log"
fi
# What this machine is told about its network, so that the root reaches what it does.
cp /etc/resolv.conf "$at/etc/resolv.conf"
for file in /etc/apt/sources.list /etc/apt/apt.conf.d/*prox* /root/.cargo/config.toml /usr/local/share/ca-certificates/*.crt; do
  if [ -f "$file" ]; then install -D -m 644 "$file" "$at$file"; fi
done
# Containers are started in what is mounted, and not in a folder of it.
mount --bind "$at" "$at"
mount -t proc proc "$at/proc"
# With its control groups: daemons of containers look for them.
mount --rbind --make-rslave /sys "$at/sys"
mount --bind /dev "$at/dev"
mount -t devpts devpts "$at/dev/pts" 2> /dev/null || true
# Whom Java trusts, once it is there, is made of the same certificates.
chroot "$at" update-ca-certificates > /dev/null 2>&1

step "the commit $(git -C "$root" rev-parse --short HEAD)"
rm -rf "$at/plimsoll"
git clone --quiet --no-hardlinks "$root" "$at/plimsoll"
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")
if [ ! -x "$at/root/.cargo/bin/cargo" ]; then
  if [ -d "${PLIMSOLL_RUSTUP:-}" ]; then
    # Rust from a folder, for machines that do not reach rustup.rs.
    mkdir -p "$at/root/.cargo/bin"
    cp -a "$PLIMSOLL_RUSTUP/." "$at/root/.rustup"
    cp -a "${PLIMSOLL_CARGO_BIN:-$HOME/.cargo/bin}/." "$at/root/.cargo/bin"
  else
    chroot "$at" bash -o pipefail -c "curl -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain $toolchain"
  fi
fi

step "$command"
chroot "$at" env -i HOME=/root LANG=C.UTF-8 TERM=dumb PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  DEBIAN_FRONTEND=noninteractive bash -euc "cd /plimsoll && $command"
step "done"
