"""The page `region`, and the parts that only it uses."""

PLACE = 20
NEEDS = "scores_vr"
