"""The index: pure functions from tables to scores, with their uncertainty and their reasons.

No file is opened here except by ``model.py`` (the declaration), ``pipeline.py``, ``report.py`` and
``__main__.py``, and nothing here knows of the dashboard.
"""
