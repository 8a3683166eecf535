"""An experiment becomes a run folder."""
