"""The page `sites`, and the parts that only it uses."""

PLACE = 60
NEEDS = "sites"
