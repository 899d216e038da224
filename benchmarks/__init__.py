"""Measured comparisons of the gateway with the ways people reach servers today: ``python -m benchmarks``."""
