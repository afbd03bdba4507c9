"""How fast keras_segaug is, beside other libraries: `make bench`. Not part of the wheel."""
