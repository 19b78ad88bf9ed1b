# What a maintainer runs. `make check` is what every commit must pass.

GO          ?= go
STATICCHECK  = honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSITYGW    = github.com/versity/versitygw/cmd/versitygw@v1.8.0
GOVULNCHECK  = golang.org/x/vuln/cmd/govulncheck@v1.9.0
VULNDB      ?= https://vuln.go.dev
FUZZTIME    ?= 30s
SOAKTIME    ?= 60s
EXPLORETIME ?= 1m
MODULES      = . examples examples/cluster internal/e2e

.PHONY: check test one 386 windows explore crash fuzz soak e2e cluster lines reliability bench demo format vet static tidy vuln cross

check: format vet static tidy vuln test one cross

test:
	$(GO) test -race -shuffle=on -timeout 60m ./...
	cd examples && $(GO) test ./...

# One processor, as many containers have: who decides again and again without waiting keeps all
# others from what would end that.
one:
	$(GO) test -shuffle=on -cpu 1 .

# A system of 32 bits: the packages, and a file of more than 4 GiB.
386:
	GOARCH=386 CGO_ENABLED=0 $(GO) test ./internal/...
	GOARCH=386 CGO_ENABLED=0 $(GO) test -run '^TestBeyond4GiB$$' .

# Windows, as far as Wine goes: needs wine and x86_64-w64-mingw32-gcc.
windows:
	.ci/wine/run

format:
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "not gofmt-ed:"; echo "$$out"; exit 1; fi

vet:
	@set -e; for m in $(MODULES); do echo "go vet $$m"; (cd $$m && $(GO) vet ./...); done

static:
	@set -e; for m in $(MODULES); do echo "staticcheck $$m"; (cd $$m && $(GO) run $(STATICCHECK) ./...); done

tidy:
	@set -e; for m in $(MODULES); do echo "go mod tidy -diff $$m"; (cd $$m && $(GO) mod tidy -diff); done

# What is publicly known of the code we call: 3 is govulncheck's word for a finding. Anything
# else is that it, or its database, is out of reach: that is said, and fails nothing.
vuln:
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	GOBIN=$$dir $(GO) install $(GOVULNCHECK) >"$$dir/log" 2>&1 || { \
		echo "govulncheck: NOT DONE, it cannot be had: $$(tail -n 1 "$$dir/log")"; exit 0; }; \
	for m in $(MODULES); do \
		(cd $$m && $$(command -v timeout >/dev/null && echo timeout 300) "$$dir/govulncheck" -db $(VULNDB) ./...) >"$$dir/log" 2>&1; \
		case $$? in \
		0) echo "govulncheck $$m: nothing is known" ;; \
		3) cat "$$dir/log"; exit 1 ;; \
		*) echo "govulncheck $$m: NOT DONE, $(VULNDB) is out of reach: $$(tail -n 1 "$$dir/log")"; exit 0 ;; \
		esac; \
	done

# The library, its tests and the examples build for every platform that matters.
cross:
	@set -e; for p in windows/amd64 darwin/arm64 linux/arm64 linux/386; do \
		echo "build $$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 $(GO) vet ./...; \
		(cd examples && GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 $(GO) build -o /dev/null ./...); \
		(cd examples/cluster && GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 $(GO) build -o /dev/null ./cluster); \
	done
	@set -e; for p in js/wasm wasip1/wasm plan9/amd64 aix/ppc64 freebsd/amd64; do \
		echo "build $$p (the library)"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 $(GO) build .; \
	done

# What can happen to a file, in every order, as far as EXPLORETIME goes: go test stays near.
explore:
	LITTLEDL_EXPLORE=$(EXPLORETIME) $(GO) test -count=1 -timeout 0 -v -run '^(TestEveryWorldEnds|TestOutagesFailNothing|TestMutants)$$' ./internal/recovery

# Everything about crashes: go test runs a tenth of it.
crash:
	@log=$$(mktemp); LITTLEDL_CRASH=all $(GO) test -count=1 -v -timeout 60m -parallel 8 -run 'Crash|Killed|Spoilt' . ./internal/partfile >$$log; \
	ok=$$?; test $$ok = 0 || cat $$log; grep -E '^(ok|FAIL|---)|LITTLEDL_SEED|^ +[a-z_]+\.go' $$log; rm -f $$log; exit $$ok

# Every fuzz target for FUZZTIME.
fuzz:
	@set -e; $(GO) list -f '{{$$d := .Dir}}{{range .TestGoFiles}}{{$$d}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$$d}}/{{.}} {{end}}' ./... | tr ' ' '\n' \
	| xargs -r grep -Ho '^func Fuzz[A-Za-z0-9]*' | while IFS=: read -r file func; do \
		echo "$${func#func } in $$(dirname $$file)"; \
		$(GO) test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) $$(dirname $$file); \
	done

# Random faults, cancels and kills for SOAKTIME; ends with what was counted.
soak:
	LITTLEDL_SOAK=$(SOAKTIME) $(GO) test -count=1 -timeout 0 -v -run '^TestSoak$$' .

# Real servers and proxies; those that are not installed are skipped. The tests wait
# more than they work, so more of them run at once than there are cores.
e2e:
	cd internal/e2e && $(GO) test -count=1 -parallel 8 ./...

# What is promised of a measured line, over real ones (Linux, root), on a machine that does
# nothing else: within a quarter, where go test only looks whether it is of the right kind.
lines:
	cd examples && LITTLEDL_LINES=all $(GO) test -count=1 -v -run '^TestEstimatedSpeedupOverLines$$' ./strategy

# Everything that may befall a cluster, with real processes, three servers and an S3 server:
# LITTLEDL_CLUSTER_ROUNDS is how often each that deals in chance is repeated.
cluster:
	@bin=$$(mktemp -d); trap 'rm -rf "$$bin"' EXIT; \
	GOBIN=$$bin $(GO) install $(VERSITYGW) >"$$bin/log" 2>&1 || { echo "versitygw: NOT DONE, it cannot be had"; cat "$$bin/log"; }; \
	cd examples/cluster && PATH="$$bin:$$PATH" LITTLEDL_CLUSTER=1 $(GO) test -count=1 -timeout 60m ./...

# This library and whatever clients are installed against a server that misbehaves; writes
# the tables of RELIABILITY.md.
reliability:
	cd examples && $(GO) run ./faults -md ../RELIABILITY.md

# A race against whatever clients are installed, over a real line as well where that can be made
# (Linux, root); writes a chart.
bench:
	cd examples && $(GO) run ./bench

demo:
	cd examples && $(GO) run ./fetch
