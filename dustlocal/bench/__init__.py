"""Measuring the product on a real clone: what it finds, how fast, and what it costs at rest."""
