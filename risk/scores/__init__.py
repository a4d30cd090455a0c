"""Scores on disk: computed once per version of model and data, read back, compared, delivered."""
