"""The page `report`, and the parts that only it uses."""

PLACE = 70
NEEDS = "activations"
