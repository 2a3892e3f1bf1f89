"""What the sample companies say about themselves, by company and by item."""
