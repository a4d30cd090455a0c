"""One backup of all that an organisation would lose, and the way back from every state."""
