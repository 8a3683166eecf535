"""What a tagger's cells do while it reads."""
