"""Datasets: where pairs of pictures and masks come from, and how they are augmented."""
