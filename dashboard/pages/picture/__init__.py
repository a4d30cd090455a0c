"""The page `picture`, and the parts that only it uses."""

PLACE = 10
NEEDS = "scores_vr"
