"""Where to go: requests, limits, the draw, the choice, plans and what came of them."""
