"""The command line: `tenkay …`. Start reading at `main.py`."""
