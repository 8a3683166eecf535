"""The experiments of the papers as data: generators, protocols, criteria, published numbers."""
