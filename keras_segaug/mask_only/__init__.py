"""Layers that turn masks into masks."""
