"""The snapshot that ships with the product, and the scripts that built it."""
