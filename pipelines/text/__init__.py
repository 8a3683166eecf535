"""What everything speaks of: words, sentences, spans, and what is wrong with them."""
