"""What runs inside every cloud: validation, training, gate, release, serving, drift."""

__version__ = "0.1.0"
