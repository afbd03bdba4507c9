"""Inspects an augmentation: its alignment, what it merges and compiles, its images."""
