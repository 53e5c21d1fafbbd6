# SPDX-License-Identifier: Apache-2.0
# The ways in. Each target sets up what is missing first (quick when nothing is).

export PATH := $(CURDIR)/.build/tools/bin:$(PATH):/opt/swift/usr/bin

PALCO_DATA ?= data
RELEASE := --configuration release --static-swift-stdlib

.DEFAULT_GOAL := help
.PHONY: help run build debug test test-engines soak lint format bench fuzz mutants sanitize zoo setup clean

help: ## what can be made here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 14

run: build ## build and start on http://127.0.0.1:8080 with data in ./data
	@exec .build/release/palco serve --data $(PALCO_DATA)

build: ## one release binary, Swift runtime included: .build/release/palco
	@scripts/setup run
	@scripts/build release

debug: ## debug build of the server and all tests
	@scripts/setup run
	@scripts/build debug

test: ## every test there is
	@scripts/setup test
	@scripts/test

test-engines: ## what keeps rows and media, and all clients, on PostgreSQL, S3 and Redis (a part of it is in test)
	@scripts/setup test
	@scripts/test engines clients-on-engines

soak: ## break everything again and again for MINUTES (default 30) while films are uploaded and watched
	@scripts/setup test
	@scripts/build release
	@PALCO_SOAK_MINUTES=$(or $(MINUTES),30) PALCO_BINARY=$(CURDIR)/.build/release/palco \
		scripts/with-s3 .build/tools/bin/python -m pytest Tests/Clients/test_soak.py -p no:cacheprovider -q -s

lint: ## formatting and the web's types, without changing anything
	@scripts/setup test
	@scripts/test lint

format: ## bring Swift and web sources into the house's format
	@swift format --in-place --parallel --recursive Package.swift Sources Tests $(wildcard fuzz)
	@deno fmt --quiet

bench: ## the figures of the house, side by side with nginx and ffmpeg
	@scripts/setup bench
	@scripts/build release
	@.build/tools/bin/python benchmarks/bench.py

fuzz: ## feed the parsers for SECONDS each (default 60)
	@scripts/setup run
	@scripts/fuzz $(or $(SECONDS),60)

mutants: ## break chosen lines one by one and see that the tests notice (an hour)
	@scripts/setup test
	@scripts/mutants

sanitize: ## the Swift tests under AddressSanitizer and ThreadSanitizer
	@scripts/setup test
	@scripts/test asan tsan

zoo: ## films of every kind, each played and compared with ffmpeg's decode of its source (ten minutes)
	@scripts/setup test
	@scripts/build release
	@PALCO_BINARY=$(CURDIR)/.build/release/palco .build/tools/bin/python Tests/Clients/zoo.py

setup: ## install everything that running, testing and measuring need
	@scripts/setup bench

clean: ## remove build products, keep tools and test media
	@find .build -mindepth 1 -maxdepth 1 ! -name tools ! -name test-media -exec rm -rf {} + 2>/dev/null || true
