"""The store's records as protobuf messages and JSON documents, and back."""
