"""The page `privacy`, and the parts that only it uses."""

PLACE = 130
NEEDS = "audit_trail"
