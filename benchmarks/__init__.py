"""Measures the product. A real package: one that XTTS depends on installs a `benchmarks` of its own."""
