"""The page `sites`, and the parts that only it uses."""
