"""What the engine needs from the outside: Protocols and their errors."""
