export GOFLAGS = -trimpath -buildvcs=false
TOOL = go tool -modfile=../packaging/tools/go.mod
PROTOVALIDATE = github.com/bufbuild/protovalidate@v1.2.2
VALIDATE = proto/third_party/buf/validate/validate.proto
VALIDATE_SUM = a1dc1163ebac930b3b070655b91f2bc78df8b4aea940021661fe5ec7904a7b88

.PHONY: generate
generate: $(VALIDATE)
	cd proto && $(TOOL) buf lint && $(TOOL) buf generate

# Not in any go.sum (nothing imports that module), so it is checked here.
$(VALIDATE):
	mkdir -p $(@D)
	cp "$$(cd packaging/tools && go mod download -json $(PROTOVALIDATE) | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/proto/protovalidate/buf/validate/validate.proto" $@
	chmod 644 $@ && echo "$(VALIDATE_SUM)  $@" | sha256sum -c --quiet
