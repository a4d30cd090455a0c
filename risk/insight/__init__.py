"""What stands around a score: reasons, changes, clusters, evaluation, the method in words."""
