"""Dated, whole versions of the tables on disk, and the formats they are written in."""
