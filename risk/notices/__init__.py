"""What there is to tell a person since a day: how many of what, and where to look."""
