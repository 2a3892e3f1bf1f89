"""What a result depends on besides its input."""

CODE_VERSION = "0.4.0"
"""Version of the extracting code: that of this distribution."""
