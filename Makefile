# `make demo` shows Otpwise at work, `make test` runs every test. Both install what they need into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
CORPUS ?=

.PHONY: demo test test-client test-vscode test-neovim test-emacs vsix lint docs examples bench fixproof refactorproof debian clean

$(STAMPS)/venv: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Otpwise needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/venv-test: $(STAMPS)/venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

# Elixir proves the fixes, Neovim and Emacs the server. Installed only by root on a Debian; elsewhere the tests
# that need them say that they are skipped.
debian:
	@if command -v elixir >/dev/null && command -v nvim >/dev/null && command -v emacs >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends elixir neovim emacs-nox elpa-eglot >/dev/null; \
	else echo "elixir, nvim or emacs is not installed: the tests that need them are skipped"; fi

CLIENT := vscode-client
NPM ?= npm

# The extension's own tests need Node.js 20 or newer, and nothing of VS Code.
$(STAMPS)/client: $(CLIENT)/package.json $(CLIENT)/package-lock.json
	@command -v $(NPM) >/dev/null || { echo "npm is not installed: the extension for VS Code needs Node.js 20 or newer"; exit 1; }
	cd $(CLIENT) && $(NPM) ci --silent
	@mkdir -p $(STAMPS) && touch $@

test-client: $(STAMPS)/client
	cd $(CLIENT) && $(NPM) run --silent check && $(NPM) test --silent

# The package for VS Code, with the server's wheel in it.
vsix: $(STAMPS)/venv $(STAMPS)/client
	rm -rf $(CLIENT)/bundled $(CLIENT)/dist
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(CLIENT)/bundled .
	cd $(CLIENT) && $(NPM) run --silent build && $(NPM) run --silent package

# VS Code in a browser: code-server (which wants Node.js 24 and Debian's libkrb5-dev) and Chromium.
$(STAMPS)/code-server: | debian-browser
	@mkdir -p $(STAMPS)/vscode && cd $(STAMPS)/vscode && printf '{"private":true}' > package.json && \
		$(NPM) install --silent node@24 && export PATH="$$PWD/node_modules/node/bin:$$PATH" && \
		$(NPM) install --silent code-server && \
		{ $(NPM) install-scripts approve code-server argon2 >/dev/null 2>&1 && $(NPM) rebuild --silent || true; }
	@touch $@

.PHONY: debian-browser
debian-browser:
	@if command -v chromium >/dev/null && [ -e /usr/include/krb5.h ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium libkrb5-dev >/dev/null; \
	else echo "chromium or libkrb5-dev is not installed: VS Code cannot be tried in a browser"; exit 1; fi

# Opens examples/chat_app in a real VS Code, and leaves pictures of what it saw in build/vscode.
test-vscode: vsix $(STAMPS)/code-server
	PATH="$(CURDIR)/$(STAMPS)/vscode/node_modules/node/bin:$(CURDIR)/$(STAMPS)/vscode/node_modules/.bin:$$PATH" \
		node $(CLIENT)/test/vscode.mjs $(CLIENT)/otpwise.vsix $(BIN)/otpwise examples/chat_app build/vscode

test-neovim: $(STAMPS)/venv-test debian
	$(BIN)/python -m pytest -m neovim tests

test-emacs: $(STAMPS)/venv-test debian
	$(BIN)/python -m pytest -m emacs tests

demo: $(STAMPS)/venv
	@$(BIN)/python examples/demo.py

test: $(STAMPS)/venv-test debian
	$(BIN)/python -m pytest -n auto --dist worksteal tests

lint: $(STAMPS)/venv-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python docs/generate.py --check

docs: $(STAMPS)/venv
	$(BIN)/python docs/generate.py

# examples/chat_app_fixed is examples/chat_app with every fix taken.
examples: $(STAMPS)/venv-test
	$(BIN)/python -m tests.mending examples/chat_app examples/chat_app_fixed

# make bench CORPUS="path/to/hexpm path/to/livebook path/to/elixir"
bench: $(STAMPS)/venv
	$(BIN)/python bench/check.py $(CORPUS)

# make fixproof PROJECT="path/to/a/mix/project another": proves every fix that is offered there, one at a time, then
# all together. The projects are copied, never changed. FIXPROOF="--rule otp/missing-init --json proof.json" says more.
FIXPROOF ?=
fixproof: $(STAMPS)/venv-test
	$(BIN)/python -m tests.fixproof $(FIXPROOF) $(PROJECT)

# make refactorproof PROJECT=path/to/a/mix/project: makes every refactoring that is offered there, one at a time.
refactorproof: $(STAMPS)/venv-test
	$(BIN)/python -m tests.refactorproof $(PROJECT)

clean:
	rm -rf $(VENV) $(STAMPS) dist build
