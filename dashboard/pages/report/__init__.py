"""The page `report`, and the parts that only it uses."""
