"""One module per publisher: fetch to raw, and read raw into a frame."""
