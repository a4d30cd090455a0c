"""The index: pure functions from tables to scores, with their uncertainty and their reasons.

``index`` is pure: tables in, tables out. The other rooms read through the door (`door.store`), and nothing here knows
of the dashboard.
"""
