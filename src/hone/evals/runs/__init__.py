"""Experiments: what is run, kept, continued and told."""
