"""The index and nothing else, in the order of the handbook: from tables to scores, pure."""
