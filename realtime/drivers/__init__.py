"""Drivers: what calls the process core, one period after the other."""
