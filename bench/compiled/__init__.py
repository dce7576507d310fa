"""Compiled code of the benchmarks, kept on disk where the engine's is; numba must be told before it loads."""

import realtime.engine  # noqa: F401 - sets where numba keeps compiled code
