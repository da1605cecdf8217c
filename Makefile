# make demo     see it work, on a host of its own that is gone afterwards
# make test     every lane: unit, protocol, kernel, interop, go-1.9.1, debian-13, vm, runtime, bench
#               (or some: LANES="unit kernel")
# make bench    how fast it is: every ratio to the Go plugins beside what is aimed at, in ten minutes
# make lint     formatting, ruff, types, shell scripts
# make format   let ruff write what it can
# make setup    install what is missing for all of these; they do it themselves

LANES =

.PHONY: setup setup-demo demo test bench lint format

setup:
	@sh tests/setup.sh test

setup-demo:
	@sh tests/setup.sh demo

demo: setup-demo
	@PATH="$(CURDIR)/.venv/bin:$$PATH" cnictl node -- sh docs/demo.sh

test: setup
	@.venv/bin/python -m tests.lanes $(LANES)

bench: setup
	@CNICTL_BENCH_FULL=1 .venv/bin/python -m pytest -q -s -n 0 tests/bench

lint: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	shellcheck .ci/run tests/setup.sh completions/cnictl.bash $(wildcard docs/*.sh testdata/*/*.sh)

format: setup
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
