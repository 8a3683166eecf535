"""How fast the layers, the pipeline and a served tagger are: medians of one run, as ratios."""
