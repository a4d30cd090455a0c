"""Statistics Netherlands (CBS): StatLine over OData v3 and v4, and the tables behind exposure."""
