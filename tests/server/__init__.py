"""The local server that stands in for every publisher in the tests and the measurements."""
