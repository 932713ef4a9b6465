"""The operating system behind ports: clock, files."""
