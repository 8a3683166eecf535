"""Gold against predicted tags: scores, mistakes, reports."""
