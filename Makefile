# Every target is what CI runs, too. `make demo` and `make test` need nothing but Rust (rustup), Go and a C linker.

.PHONY: help demo demo-destroy test format lint deny unit browser playground acceptance faults soak fuzz bench audit clean
.PHONY: install release verify-release
.PHONY: acceptance-aws acceptance-gcp acceptance-azure acceptance-alibaba sweep-aws sweep-gcp sweep-azure sweep-alibaba

help: ## List the targets
	@grep -hE '^[a-z -]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: ## From nothing to two databases by one terraform apply; CLOUD=aws|gcp|azure|alibaba|none
	@scripts/demo up

demo-destroy: ## terraform destroy, then the playground stops
	@scripts/demo down

install: ## The provider where Terraform and OpenTofu find it by themselves
	@scripts/install

release: ## Archives for Linux, checksums, SBOMs, provenance; signed by GPG_KEY
	@scripts/release

verify-release: ## Build the release twice in different folders, and compare
	@scripts/release verify

test: ## Everything; ends with a line per suite
	@scripts/test

format: ## Check the formatting of Rust, Go and Terraform files
	@scripts/test format

lint: ## clippy, warnings denied
	@scripts/test lint

deny: ## Licences, sources and duplicates of the dependencies, and who trusts which
	@scripts/test deny

unit: ## Tests that need no Kubernetes
	@scripts/test unit

browser: ## Open the HTML of a review in a real browser
	@scripts/test browser

playground: ## Tests of the control plane, the stand-in operator, the charts, and helm
	@scripts/test playground

acceptance: ## The provider through the real terraform and tofu
	@scripts/test acceptance

acceptance-aws acceptance-gcp acceptance-azure acceptance-alibaba: ## The stack on a real cloud, for money (TF_ACC=1)
	@scripts/acceptance-cloud $(@:acceptance-%=%)

sweep-aws sweep-gcp sweep-azure sweep-alibaba: ## Remove what a real run left (TF_ACC=1)
	@scripts/acceptance-cloud $(@:sweep-%=%) sweep

faults: ## Every fault at every request of every resource; writes RELIABILITY.md (FAULTS=, SHARD=1/4, FAULTS_MINUTES=)
	@scripts/test faults

soak: ## Hours of random changes and faults; adds to RELIABILITY.md (SOAK_MINUTES=120, SOAK_DATABASES=50, SEED=)
	@scripts/test soak

fuzz: ## Feed everything that is read with what nobody would write (FUZZ_SECONDS=60, FUZZ_TARGETS=)
	@scripts/fuzz $(or $(FUZZ_SECONDS),60) $(FUZZ_TARGETS)

bench: ## Measure the provider beside its peers; writes BENCHMARKS.md
	@scripts/bench

audit: ## Known vulnerabilities of the dependencies; needs the network
	@scripts/cargo-deny check advisories

clean: ## Remove what was built in the working tree
	cargo clean
