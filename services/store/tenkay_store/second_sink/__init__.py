"""Supabase: the outbox that feeds it, how rows are sent, and what is compared with it."""
