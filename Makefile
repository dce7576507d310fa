# make play [ARGS="--ensemble choir"]    install what is missing, and play
# make test [ARGS="-k smf"]              install what the tests need, and run them all
# GPU=1 or GPU=0 chooses ONNX Runtime for NVIDIA GPUs or for the CPU; unset, it is found out.

ARGS ?=
BIN := .venv/bin

.PHONY: play setup test lint bench

play: setup
	@$(BIN)/concertino play $(ARGS)

setup:
	@.ci/setup.sh play

test:
	@.ci/setup.sh test
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest $(ARGS)

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

bench: setup
	@$(BIN)/concertino bench latency --driver jack-dummy $(ARGS)
