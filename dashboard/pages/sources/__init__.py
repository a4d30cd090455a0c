"""The page `sources`, and the parts that only it uses."""

PLACE = 100
NEEDS = ""
