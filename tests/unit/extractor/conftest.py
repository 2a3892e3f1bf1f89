"""Hypothesis without a clock: these tests share their cores."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("extractor", deadline=None)
settings.load_profile("extractor")
