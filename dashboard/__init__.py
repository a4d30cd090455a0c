"""The Streamlit dashboard: pages, the map, the words; it reads through the scoped store and computes no score."""
