"""The page `sectors`, and the parts that only it uses."""
