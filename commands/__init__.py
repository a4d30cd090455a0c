"""Every command; ``python -m geodata``, ``risk`` and ``register`` are doors to it."""
