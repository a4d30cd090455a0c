"""The page `privacy`, and the parts that only it uses."""
