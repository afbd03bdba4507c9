"""Reads and augments files and datasets of images and masks."""
