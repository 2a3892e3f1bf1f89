"""The server kit: one server, one handler wrapper, health, telemetry, drain. It knows no service."""
