"""The page `contacts`, and the parts that only it uses."""
