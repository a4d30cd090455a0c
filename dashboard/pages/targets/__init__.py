"""The page `targets`, and the parts that only it uses."""

PLACE = 30
NEEDS = "sites"
