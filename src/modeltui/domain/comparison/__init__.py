"""What differs between two versions, and which of it is the likely cause."""
