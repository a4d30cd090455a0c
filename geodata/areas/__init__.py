"""Areas: boundaries, the region of each gemeente per year, neighbours, and joins of points to places."""
