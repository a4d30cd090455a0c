"""The page `register`, and the parts that only it uses."""
