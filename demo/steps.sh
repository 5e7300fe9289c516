# Shared by the demo's scripts; sourced from the root of the project.

# Says in one line what is done next.
step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

plimsoll_path() { echo "${CARGO_TARGET_DIR:-target}/release/plimsoll"; }

# download WHAT COMMAND...: silent while it works, clear where it does not.
download() {
  local what=$1 log
  shift
  step "getting $what"
  mkdir -p .demo/log
  log=.demo/log/download.txt
  if ! "$@" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "demo: could not get $what: is there a network, and does \`$1\` work? (all of it: $log)" >&2
    exit 1
  fi
}

# Findings and old advisories are what the demo is to show; a failure ends it.
scan() {
  local code=0
  "$(plimsoll_path)" scan "$@" || code=$?
  case $code in
    0) ;;
    1) echo "(exit code 1: findings at or over the gate)" ;;
    3) echo "(exit code 3: a part could not be read)" ;;
    4) echo "(exit code 4: the advisories are older than the gate allows)" ;;
    *) echo "demo: the scan failed with exit code $code" >&2 && exit "$code" ;;
  esac
}
