"""Which store a place in an object storage is of: a file there names it.

Two stores in one place would write over each other's snapshots, and remove artifacts that only the other one names.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from tenkay_store.objects.object_store import ObjectMissing, ObjectStore


@dataclass(frozen=True, slots=True)
class _Claim:
    store_id: str


_CLAIM = TypeAdapter(_Claim)


class OwnerUnreadable(Exception):
    """The file is there and names no store."""


class PlaceOwner:
    """The file `path` that names the owner."""

    def __init__(self, objects: ObjectStore, path: str) -> None:
        self._objects = objects
        self.path = path

    async def read(self) -> str | None:
        """The owner's identity; None when nobody has claimed the place. OwnerUnreadable, DEPENDENCY_UNAVAILABLE."""
        try:
            return _CLAIM.validate_json(await self._objects.get(self.path)).store_id
        except ObjectMissing:
            return None
        except ValidationError as error:
            raise OwnerUnreadable(self.path) from error

    async def claim(self, store_id: str) -> str:
        """Make the place that store's if it is nobody's; whose it is then. As `read` raises, and DISK_FULL."""
        owner = await self.read()
        if owner is not None:
            return owner
        # What is there already stays: of two that come at once, both read the same back.
        await self._objects.put(self.path, _CLAIM.dump_json(_Claim(store_id), indent=1))
        return await self.read() or store_id
