"""The map: one description of layers (`layers`), shown live (`live`) or as a folium map (`folium_map`)."""
