"""Layers that move image and mask together."""
