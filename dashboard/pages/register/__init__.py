"""The page `register`, and the parts that only it uses."""

PLACE = 40
NEEDS = "activations"
