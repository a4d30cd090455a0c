"""The small servers: the feed, how the dashboard is served, and what monitoring is told."""
