"""What differs between two versions, fact by fact."""
