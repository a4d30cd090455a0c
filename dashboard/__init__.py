"""The Streamlit dashboard: pages and the components they share."""
