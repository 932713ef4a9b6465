"""The actor process: the only program that writes to a backend. It never draws, and its terminal's end is not its end."""
