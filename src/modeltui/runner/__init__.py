"""The actor process: the only program that writes to a backend. It never draws, and it outlives its terminal."""
