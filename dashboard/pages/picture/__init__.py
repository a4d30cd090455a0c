"""The page `picture`, and the parts that only it uses."""
