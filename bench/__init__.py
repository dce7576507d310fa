"""Benchmarks that ship with the host, and scripts that run other software beside it (``bench.peers``)."""
