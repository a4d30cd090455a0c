"""The page `sectors`, and the parts that only it uses."""

PLACE = 50
NEEDS = "scores_vr"
