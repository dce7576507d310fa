"""Benchmarks that ship with the host, and the side-by-side scripts against other software (``bench.peers``)."""
