"""The page `contacts`, and the parts that only it uses."""

PLACE = 80
NEEDS = "routes"
