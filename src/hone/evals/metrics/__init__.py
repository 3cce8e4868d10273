"""Evaluators that compute: of words, shapes, rankings and what an agent did. No model is asked here."""
