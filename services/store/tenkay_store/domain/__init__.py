"""What the store holds and decides, in plain Python: no gRPC, no driver."""
