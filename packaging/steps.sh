# What the scripts of this folder share: where they are, which release this is, and when it was made.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=${PLIMSOLL_VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)}
# Every time in an artefact is that of the commit, so that the same commit gives the same bytes.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export LC_ALL=C TZ=UTC
umask 022

case ${PLIMSOLL_MACHINE:-$(uname -m)} in
  x86_64) machine=x86_64 deb_machine=amd64 oci_machine=amd64 ;;
  aarch64 | arm64) machine=aarch64 deb_machine=arm64 oci_machine=arm64 ;;
  *) echo "error: no packages are made for $(uname -m)" >&2; exit 2 ;;
esac

step() { printf '\n== %s\n' "$*" >&2; }

# The oldest glibc that a program runs with: the newest version that it asks for. Nothing of a static one.
glibc_of() { { objdump -T "$1" 2> /dev/null | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1 | cut -d_ -f2; } || true; }
