"""See which version of which model goes wrong in production, and take it back."""

__version__ = "0.1.0"
