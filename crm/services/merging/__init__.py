"""Two clients made one: their fields, their attributes, and all that points at them."""
