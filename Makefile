# make play [ARGS="--ensemble choir"]    install what is missing, and play
# make test [ARGS="-k smf"]              install what the tests need, and run them all
# GPU=1 or GPU=0 chooses ONNX Runtime for NVIDIA GPUs or for the CPU; unset, it is found out.

ARGS ?=
BIN := .venv/bin
# These tests keep time, and have the machine to themselves; all others share the processor's cores.
ALONE := tests/drivers tests/engine tests/host/test_clock_out.py tests/host/test_continuation_long.py
# pytest's exit code where ARGS choose none of the tests.
NO_TESTS := 5

# A worker that dies ends the run: xdist would give its test to all others, one after the other, and then wait.
WORKERS := -n logical --dist loadfile --max-worker-restart 0

.PHONY: play setup test lint warm bench

play: setup
	@$(BIN)/concertino play $(ARGS)

setup:
	@.ci/setup.sh play

test:
	@.ci/setup.sh test
	@$(MAKE) --no-print-directory -j2 lint warm
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(WORKERS) $(ALONE:%=--ignore=%) $(ARGS) || [ $$? = $(NO_TESTS) ]
	$(BIN)/python -m pytest $(ALONE) $(ARGS) || [ $$? = $(NO_TESTS) ]

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

warm:
	@$(BIN)/python -m realtime.host.warm

bench: setup
	@$(BIN)/concertino bench latency --driver jack-dummy $(ARGS)
