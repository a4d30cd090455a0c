"""The page `region`, and the parts that only it uses."""
