"""Which difference between two versions is the likely cause of what is wrong."""
