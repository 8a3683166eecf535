"""A run gets its scores on a split."""
