"""Tracking: each run leaves a document in the store, which MLflow gets when it can be reached."""
