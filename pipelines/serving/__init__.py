"""A run becomes an export, and either becomes tags for text, here or over HTTP."""
