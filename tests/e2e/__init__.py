"""Stories of an operator, told to the whole program with real servers and a real terminal."""
