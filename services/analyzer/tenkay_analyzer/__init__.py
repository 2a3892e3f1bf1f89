"""The analyzer: scores, red flags and ratings from signals, with reasons that add up."""
