# Two commands set a fresh machine up: `make demo` and `make test`. Each installs what is missing.

CARGO ?= cargo
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: test test-peers lint setup demo bench bench-peers
.DEFAULT_GOAL := test

# A C compiler, for SQLite, zstd and the TLS stack; cmake for the last.
setup:
	@missing=""; for tool in cc make cmake; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; \
	$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq build-essential cmake; fi
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install rustup from https://rustup.rs, the toolchain file does the rest" >&2; exit 2; }

test: setup
	$(CARGO) test --workspace --locked

# Compares the packages found with those of Syft and Trivy, on the images that `make bench` and
# `make demo` have made: benches/README.md.
test-peers: setup
	$(CARGO) build --locked -p plimsoll-cli
	@benches/compare_packages.py

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

# An image of real old packages, scanned: demo/README.md says what it shows.
demo: setup
	@demo/run

# Times Plimsoll, and its peers where they are installed, on real images: benches/README.md.
bench: setup
	$(CARGO) build --release --locked
	$(CARGO) build --release --locked -p plimsoll-image --example inflate
	@demo/tools && benches/images
	@benches/measure.py $(if $(filter 0,$(shell id -u)),--cold)

# Syft and Trivy, by Go, for `make bench`; about fifteen minutes.
bench-peers:
	@benches/peers
