"""Models around a model: what augmentation does while one trains or predicts."""
