"""What users write beside the figures: interpretations, and what is not so."""
