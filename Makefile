# The commands of this project; `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

DATA_DIR ?= ./data
LISTEN ?= 127.0.0.1:8787
OUT ?= target/screenshots

# What the pages are made of; the server embeds what is built from it.
interface := ui/dist/.vite/served.txt
interface_packages := ui/node_modules/.installed
interface_sources := $(shell find ui/src ui/public ui/tools -type f) $(wildcard ui/*.html ui/*.json ui/*.ts)

# What the scripts that drive a browser start.
browser_programs := WAYSTATION_BIN="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug/waystation" \
	WAYSTATION_MOCK_BIN="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug/mock-upstream"

.PHONY: help run test bench prove coverage desktop screenshots vitals fmt interface interface-packages

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build and start a demo on http://127.0.0.1:8787 with its data in ./data
	@installers/prerequisites.sh run
	@$(MAKE) --no-print-directory interface
	@cargo build --release --locked -p waystation-app
	@WAYSTATION_LISTEN=$(LISTEN) WAYSTATION_DATA_DIR=$(DATA_DIR) \
		"$${CARGO_TARGET_DIR:-target}/release/waystation" serve --demo

interface: $(interface)

interface-packages: $(interface_packages)

$(interface): $(interface_packages) $(interface_sources)
	@echo "Building the pages"
	@cd ui && npm run --silent build

$(interface_packages): ui/package-lock.json
	@echo "Installing what the pages are built with"
	@cd ui && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.installed

test: ## run every check and test, installing what they need
	@tests/run

bench: ## measure speed and memory beside nginx, about a quarter of an hour (BENCH=--quick: a minute)
	@bench/run $(BENCH)

prove: ## run the long proofs (races, kills, failed calls, fuzzing) and write docs/proofs.md
	@tests/prove

coverage: ## run the tests with instrumentation and print each crate's covered lines
	@tests/coverage

desktop: ## build the desktop app with the server inside, as a .deb and an .rpm
	@installers/prerequisites.sh desktop
	@installers/desktop.sh

screenshots: ## picture every page of a site in use into target/screenshots (OUT=FOLDER; SCREENSHOTS="--only=own- --language=en")
	@installers/prerequisites.sh pictures
	@$(MAKE) --no-print-directory interface
	@cargo build --quiet --locked --workspace --bins
	@$(browser_programs) node tests/browser/screenshots.mjs "$(OUT)" $(SCREENSHOTS)

vitals: ## measure how soon pages are there and answer on a slow line and a slow device
	@installers/prerequisites.sh pictures
	@$(MAKE) --no-print-directory interface
	@cargo build --quiet --locked --workspace --bins
	@$(browser_programs) node tests/browser/vitals.mjs

fmt: ## format the Rust code
	@cargo fmt --all
	@cargo fmt --all --manifest-path desktop/Cargo.toml
