"""A refresh: fetch, build, compare with the delivery before, and switch once."""
