"""When this process may keep answers for itself: while it hears of every change, from the feed and from Redis.

    its own follower of the feed   cut off for longer than the grace: closed
    tracking of generations        not connected, or not answering: closed at once

Closed means emptied. `near_cache` has the argument why what is kept in between is never stale.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from tenkay.runtime.logs import get_logger
from tenkay_query.cache import redis_keys
from tenkay_query.cache.near_cache import NearCache

WATCH_SECONDS = 0.1
"""How often the follower is looked at."""

logger = get_logger(__name__)


class Coherence:
    """Hears of changes and of losses; opens and closes the near cache. Is the feed follower's `Follower`."""

    def __init__(self, near: NearCache, *, grace_seconds: float) -> None:
        self._near = near
        self._grace_seconds = grace_seconds
        self._position: str | None = None
        """Up to which all changes have been applied, one after the other. None: not known yet."""
        self._is_tracked = False
        self._is_following = False

    def starts(self, position: str) -> None:
        """The feed is read from `position` on. Elsewhere than where it was left: changes in between went unheard."""
        if position != self._position:
            self._position = None
            self._decide()

    def applies(self, raised: Mapping[str, str], position: str) -> None:
        """The feed says what has changed up to `position`."""
        self._position = position
        self._near.apply(raised, position)
        self._is_following = True
        self._decide()

    def tracked(self, is_tracked: bool) -> None:
        """Redis tells of changed generations from now on, or does not any more."""
        self._is_tracked = is_tracked
        self._decide()

    def changed(self, names: Iterable[str] | None) -> None:
        """Redis says that these keys have changed or gone; None: that it was emptied."""
        changed = None if names is None else tuple(names)
        if changed is None or redis_keys.EPOCH in changed:
            self._near.close()
            self._decide()
        else:
            self._near.invalidate(changed)

    async def watch(self, cut_off_seconds: Callable[[], float]) -> None:
        """Looks at the follower now and then. Runs until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._is_following = cut_off_seconds() <= self._grace_seconds
            self._decide()

    def _decide(self) -> None:
        if not (self._is_tracked and self._is_following and self._position is not None):
            if self._near.is_open:
                self._near.close()
                logger.warning(
                    "near_cache_closed",
                    tracked=self._is_tracked,
                    following=self._is_following,
                    position_known=self._position is not None,
                )
        elif not self._near.is_open:
            self._near.open(self._position)
