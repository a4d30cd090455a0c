"""The page `administration`, and the parts that only it uses."""

PLACE = 120
NEEDS = "people"
