# make help lists the targets. One set of flags everywhere: another set is another cold build of everything.
export GOFLAGS = -trimpath -buildvcs=false
SHELL = /bin/bash
TOOLS = -modfile=packaging/tools/go.mod
PROTOVALIDATE = github.com/bufbuild/protovalidate@v1.2.2
VALIDATE = proto/third_party/buf/validate/validate.proto
VALIDATE_SUM = a1dc1163ebac930b3b070655b91f2bc78df8b4aea940021661fe5ec7904a7b88
PACKAGES = gcc libc6-dev pkg-config libgl-dev libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev libxxf86vm-dev \
	libgl1-mesa-dri libreoffice-calc xvfb xdotool x11-utils imagemagick poppler-utils zbar-tools postgresql gcc-mingw-w64-x86-64 python3-cryptography chromium
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help deps build run generate check windows test soak scale bench
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

deps: ## install the system packages that are missing (through sudo when not root)
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

build: deps ## build both programs into build/
	go build -o build/zhiping-server ./server
	go build -o build/zhiping ./desktop

run: build ## walk the fictional review year, then open the desktop on its data
	./build/zhiping-server demo build/demo --desktop build/zhiping
	@packaging/linux/open.sh build/demo

generate: $(VALIDATE) ## regenerate proto/gen
	cd proto && go tool -modfile=../packaging/tools/go.mod buf lint && go tool -modfile=../packaging/tools/go.mod buf generate

# Not in any go.sum (nothing imports that module), so it is checked here.
$(VALIDATE):
	mkdir -p $(@D)
	cp "$$(cd packaging/tools && go mod download -json $(PROTOVALIDATE) | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/proto/protovalidate/buf/validate/validate.proto" $@
	chmod 644 $@ && echo "$(VALIDATE_SUM)  $@" | sha256sum -c --quiet

check: $(VALIDATE) ## generated code up to date, format, vet, staticcheck
	@before=$$(find proto/gen -type f | sort | xargs sha256sum); $(MAKE) -s generate; \
	after=$$(find proto/gen -type f | sort | xargs sha256sum); \
	[ "$$before" = "$$after" ] || { echo "proto/gen was not up to date: commit what make generate wrote"; exit 1; }
	@unformatted=$$(go tool $(TOOLS) gofumpt -l $$(git ls-files '*.go' | grep -v ^proto/gen/)); \
	[ -z "$$unformatted" ] || { echo "not formatted by gofumpt:" $$unformatted; exit 1; }
	go vet ./...
	go tool $(TOOLS) staticcheck ./...

windows: build/.dir ## cross-compile the desktop for Windows
	CGO_ENABLED=1 GOOS=windows GOARCH=amd64 CC=x86_64-w64-mingw32-gcc go build -ldflags "-s -w -H=windowsgui" -o build/zhiping.exe ./desktop

build/.dir:
	@mkdir -p build && touch $@

test: deps build/.dir check windows ## everything, on SQLite and PostgreSQL
	@packaging/linux/pgtmp.sh go test -timeout 15m -json ./... > build/test.json; status=$$?; go run ./packaging/counts build/test.json; exit $$status

soak: deps build/.dir ## kills, power cuts and fuzzing for SOAK_S seconds
	SOAK_S=$${SOAK_S:-300} packaging/linux/pgtmp.sh go test -count 1 -timeout 2h ./shared/ballot/box ./shared/db/... ./desktop/room ./server/demo ./server/serve ./desktop/syncer
	for f in FuzzParseEnvelope FuzzObject FuzzVerify FuzzColumns FuzzReceipt FuzzBundle FuzzOnion FuzzCheckpoint; do go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $$(( $${SOAK_S:-300} / 8 ))s ./shared/ballot || exit 1; done
	go test -run '^$$' -fuzz FuzzParsePublic -fuzzminimizetime 1x -fuzztime $$(( $${SOAK_S:-300} / 6 ))s ./shared/holder
	SOAK_S=$${SOAK_S:-300} go test -run TestVerifiersDoNotDiffer -timeout 2h ./shared/ballot
	go test -run TestModel -timeout 2h ./shared/ballot -rapid.checks $$(( $${SOAK_S:-300} * 5 )) -rapid.steps 60 -rapid.nofailfile
	go test -run '^$$' -fuzz FuzzRead -fuzzminimizetime 1s -fuzztime $$(( $${SOAK_S:-300} / 2 ))s ./shared/sheet
	go test -run '^$$' -fuzz FuzzSheet -fuzzminimizetime 1s -fuzztime $$(( $${SOAK_S:-300} / 2 ))s ./shared/sheet

scale: deps ## a province of 20,000 units and a list of a million rows, on both databases
	packaging/linux/pgtmp.sh go test -run '^$$' -bench 'Million|Province' -benchtime 200x -timeout 1h ./server/serve

bench: deps ## the ratios of architecture.md
	packaging/linux/pgtmp.sh go test -run '^$$' -bench 'Command|List|RPC|Import|Ballot|Certificates|Pull|Portal' -timeout 1h ./shared/... ./server/... ./desktop/syncer | grep -E 'Benchmark|FAIL|panic'
