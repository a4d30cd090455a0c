"""The page `method`, and the parts that only it uses."""

PLACE = 90
NEEDS = ""
