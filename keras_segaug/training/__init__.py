"""Training and prediction with the layers: models around a model, callbacks, files."""
