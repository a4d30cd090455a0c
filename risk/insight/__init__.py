"""What stands around a score: reasons, changes, alarms and clusters, evaluation, the method in words."""
