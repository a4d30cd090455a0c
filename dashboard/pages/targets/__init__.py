"""The page `targets`, and the parts that only it uses."""
