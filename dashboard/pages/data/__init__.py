"""The page `data`, and the parts that only it uses."""

PLACE = 110
NEEDS = "exposure"
