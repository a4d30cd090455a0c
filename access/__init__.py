"""Who looks, and what each role may read and do."""
