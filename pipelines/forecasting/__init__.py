"""Forecasts of a series of numbers, always beside the baselines that need no training."""
