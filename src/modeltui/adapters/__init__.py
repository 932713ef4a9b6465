"""One folder per backend: its answers become domain values here."""
