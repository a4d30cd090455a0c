"""The invented figures of the demonstration, one module per table; `build_demonstration` puts them together."""
