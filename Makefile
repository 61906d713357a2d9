# One target is one step of CI. `make run` and `make test` are all that a newcomer needs.
SHELL := /bin/bash
CARGO ?= cargo
FUZZ_SECONDS ?= 5
CONFIG ?= deploy/quickstart.toml

.PHONY: run build test test-sdk check fmt lint doc tidy fuzz bench bench-checks bench-dns bench-quick bench-tls bench-udp test-tools bench-tools audit help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## Build and start the gateway with the quickstart (CONFIG=FILE for another)
	$(CARGO) build --release -p daemon
	./target/release/postern run --config $(CONFIG)

build: ## Build the release binary
	$(CARGO) build --release -p daemon

test: test-tools ## Install what the tests need, then run every test and a few seconds of fuzzing
	$(CARGO) build -p daemon
	$(CARGO) test --workspace
	$(MAKE) --no-print-directory fuzz

test-sdk: ## Run the tests with Ansible and the AWS SDKs for JavaScript and Rust (a quarter of an hour)
	deploy/install-tools sdk
	$(CARGO) build -p daemon
	$(CARGO) build --manifest-path tests/sdk/rust/Cargo.toml
	$(CARGO) test -p tests --test sdk -- --ignored

check: fmt lint doc ## Formatting, clippy and documentation, warnings denied

fmt: ## Check the formatting
	$(CARGO) fmt --all --check

lint: ## Run clippy, warnings denied
	$(CARGO) clippy --workspace --all-targets -- -D warnings

doc: ## Build the documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items

tidy: ## Check the rules that no lint knows: who depends on whom, file sizes, headers
	$(CARGO) test -p tests --test tidy

fuzz: ## Run each fuzz target for FUZZ_SECONDS
	tests/fuzz/run $(FUZZ_SECONDS)

bench: bench-tools ## Measure beside HAProxy and nginx, rewrite the table in bench/README.md
	$(CARGO) build --release -p daemon
	$(CARGO) run --release -p bench --bin compare

bench-quick: bench-tools ## The same in two minutes, with wider error bars
	$(CARGO) build --release -p daemon
	$(CARGO) run --release -p bench --bin compare -- --quick

bench-checks: bench-tools ## Measure health checks beside HAProxy, rewrite their table in bench/README.md
	$(CARGO) build --release -p daemon
	$(CARGO) run --release -p bench --bin checks -- --write

bench-dns: bench-tools ## Measure DNS beside NSD and Knot, rewrite its tables in bench/README.md
	$(CARGO) build --release -p daemon
	$(CARGO) run --release -p bench --bin dns -- --write

bench-tls: bench-tools ## Measure where TLS is terminated, beside HAProxy and nginx
	$(CARGO) build --release -p daemon
	$(CARGO) run --release -p bench --bin tls

bench-udp: bench-tools ## Measure UDP listeners beside nginx, rewrite their tables in bench/README.md
	$(CARGO) build --release -p daemon
	$(CARGO) run --release -p bench --bin udp -- --write

test-tools: ## Install what the tests need, from Debian and PyPI
	deploy/install-tools test

bench-tools: ## Install what the benches need, from Debian
	deploy/install-tools bench
