"""How fast keras_segaug is, compared with other libraries: `make bench`. Not part of the wheel."""
