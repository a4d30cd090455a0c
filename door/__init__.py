"""The door: the one way from data to pages, commands and files."""
