"""The model: from ids to tags and their probabilities."""
