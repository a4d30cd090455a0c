"""What every page runs in: session, sign-in, frame and the words for errors."""
