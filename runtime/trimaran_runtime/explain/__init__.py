"""Explanations: what a model's answers rest on, of all rows and of one."""
