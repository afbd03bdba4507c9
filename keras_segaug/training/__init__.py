"""What trains and predicts with the layers: models around a model, callbacks, files."""
