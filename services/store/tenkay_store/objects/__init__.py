"""Object storage, and the facts and texts that are kept there by their content."""
