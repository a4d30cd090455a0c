"""Everything that comes from outside: sources, boundaries, snapshots, the tables and the door to them.

This package knows nothing of risk, and nothing of the dashboard.
"""
