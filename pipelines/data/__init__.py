"""Other people's files: read, checked, converted, split."""
