"""The page `administration`, and the parts that only it uses."""
