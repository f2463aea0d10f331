# What one does in this house. `make` alone says what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test soak check bench bench-identity clean tools-run tools-test tools-check

# Where `make run` keeps its data and listens. Say `make run LISTEN=127.0.0.1:9090` for another place.
DATA ?= data
LISTEN ?= 127.0.0.1:8080
WORKSPACE ?= examples/harbor-motors

NEXTEST := 0.9.143
DENY := 0.20.2

help: ## Say what there is
	@echo 'Crowsnest: make TARGET'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1: \2/p' $(MAKEFILE_LIST)

# The dev profile: our own code unoptimised, every dependency at opt-level 1. It links in seconds, without the
# whole-program optimisation of a release, and plays the example just as fast for the eye.
run: tools-run ## Build, start Crowsnest with the example Harbor Motors, play its sample; the server goes on running
	cargo build --locked -p crowsnest
	exec "$${CARGO_TARGET_DIR:-target}/debug/crowsnest" demo --workspace $(WORKSPACE) --data $(DATA) --listen $(LISTEN)

test: tools-test ## Install what the tests need, and run them all
	bash scripts/test-setup.sh
	cargo test --locked --workspace --doc --quiet
	cargo nextest run --locked --workspace --features crowsnest/faults

# Seeds that `make test` has not played: say `make soak SEEDS=100000`, or FIRST=N SEEDS=1 for one that failed.
FIRST ?= 1001
SEEDS ?= 5000
soak: tools-test ## Play thousands of random stories against the engine (some minutes); see CONTRIBUTING.md
	CROWSNEST_SIM_FIRST=$(FIRST) CROWSNEST_SIM_SEEDS=$(SEEDS) NEXTEST_PROFILE=soak \
		cargo nextest run --locked -p crowsnest-flow --test simulation

check: tools-check ## Formatting, lints, documentation, licences and sources of dependencies
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --features crowsnest/faults -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps
	cargo deny --workspace check --hide-inclusion-graph licenses bans sources

bench: tools-run ## Build for speed and measure (some minutes); see docs/guide/benchmark.md
	cargo build --locked --release -p crowsnest -p crowsnest-bench
	"$${CARGO_TARGET_DIR:-target}/release/crowsnest-bench" run

bench-identity: tools-run ## Match made-up people with Crowsnest and with Splink, and compare (half an hour); see docs/guide/benchmark.md
	bench/identity/run

# Data are not what was built: they stay, and who wants to start afresh removes the folder.
clean: ## Remove what was built (the data folder stays)
	cargo clean

# What has to be there before anything can be built, each with what to do about it.
tools-run:
	@missing() { echo "error: $$1 is missing. $$2" >&2; exit 1; }; \
	command -v cargo >/dev/null || missing 'cargo' 'Install Rust 1.95 or newer: https://rustup.rs'; \
	command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null \
		|| missing 'a C compiler' 'SQLite is compiled in. On Debian and Ubuntu: apt-get install build-essential'; \
	have=$$(rustc --version | cut -d' ' -f2 | cut -d. -f1-2); \
	[[ $$(printf '%s\n1.95\n' "$$have" | sort -V | head -1) == 1.95 ]] \
		|| missing "Rust 1.95" "This is Rust $$have: rustup update stable"

# Node, Python and the SDKs are the affair of scripts/test-setup.sh, which says what it misses.
tools-test: tools-run
	@cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest@$(NEXTEST)

tools-check: tools-run
	@missing() { echo "error: $$1 is missing. $$2" >&2; exit 1; }; \
	cargo fmt --version >/dev/null 2>&1 || missing 'rustfmt' 'rustup component add rustfmt'; \
	cargo clippy --version >/dev/null 2>&1 || missing 'clippy' 'rustup component add clippy'; \
	cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny@$(DENY)
