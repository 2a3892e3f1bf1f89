"""The store's services: protobuf in and out."""
