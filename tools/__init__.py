"""What builds the embedded snapshot, the demonstration, the pictures and the documents; not in the image."""
