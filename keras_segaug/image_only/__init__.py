"""Layers that change the image alone."""
