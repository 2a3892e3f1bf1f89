"""Artifacts in compressed blocks: any range of any text comes back as it was, and damage never goes unseen."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tenkay_store.objects import artifact_blocks
from tenkay_store.objects.artifact_blocks import (
    BLOCK_BYTES,
    BlockIndex,
    BlockWriter,
    Damaged,
    NotText,
    index_bytes,
    read_block,
    read_index,
)

# Long enough for several blocks, with few characters drawn.
texts = st.builds(
    lambda parts: "".join(part * times for part, times in parts),
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), st.integers(1, 9000)),
        max_size=6,
    ),
)


def kept(data: bytes, *, is_text: bool = True, piece: int = 100_000) -> bytes:
    writer = BlockWriter(is_text=is_text)
    for start in range(0, len(data), piece):
        writer.write(data[start : start + piece])
    sha256, file = writer.finish()
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert writer.size == len(data)
    return file


def index_of(file: bytes, data: bytes) -> BlockIndex:
    return read_index(file, hashlib.sha256(data).hexdigest())


def read(file: bytes, data: bytes) -> bytes:
    return b"".join(
        read_block(block, file[block.position : block.position + block.stored_size])
        for block in index_of(file, data).blocks
    )


def read_range(file: bytes, index: BlockIndex, start: int, end: int) -> str:
    return "".join(
        artifact_blocks.cut(
            each, read_block(each, file[each.position : each.position + each.stored_size]), start, end
        )
        for each in index.between(start, end)
    )


@given(
    text=texts,
    piece=st.sampled_from([1000, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 200_000]),
    data=st.data(),
)
@example(text="", piece=1000, data=None)
def test_any_range_of_any_text_comes_back(text: str, piece: int, data: st.DataObject | None) -> None:
    raw = text.encode()
    file = kept(raw, piece=piece)
    index = index_of(file, raw)
    assert index.length == len(text)
    assert read(file, raw) == raw
    assert all(0 < block.size <= BLOCK_BYTES for block in index.blocks)
    start = data.draw(st.integers(0, len(text))) if data else 0
    end = data.draw(st.integers(start, len(text))) if data else 0
    assert read_range(file, index, start, end) == text[start:end]


@pytest.mark.parametrize("character", ["a", "é", "€", "😀"])
@pytest.mark.parametrize("before", range(5))
def test_no_code_point_is_cut_by_the_end_of_a_block(character: str, before: int) -> None:
    text = "x" * (BLOCK_BYTES - before) + character * 5 + "y" * BLOCK_BYTES
    file = kept(text.encode())
    index = index_of(file, text.encode())
    assert all(block.size > BLOCK_BYTES - 4 for block in index.blocks[:-1])
    for start in range(BLOCK_BYTES - 5, BLOCK_BYTES + 7):
        assert read_range(file, index, start, start + 3) == text[start : start + 3]


def test_a_range_needs_only_the_blocks_it_lies_in() -> None:
    text = "0123456789abcdef" * (BLOCK_BYTES // 16) * 10
    index = index_of(kept(text.encode()), text.encode())
    assert len(index.blocks) == 10
    assert [each.start // BLOCK_BYTES for each in index.between(BLOCK_BYTES * 3 - 1, BLOCK_BYTES * 4)] == [
        2,
        3,
    ]
    assert index.between(5, 5) == []


@given(st.binary(max_size=300), st.integers(1, 700))
def test_bytes_that_are_no_text_come_back(data: bytes, times: int) -> None:
    raw = data * times
    assert read(kept(raw, is_text=False), raw) == raw


@given(st.binary(min_size=1, max_size=40), st.integers(0, 2 * BLOCK_BYTES))
def test_bytes_that_are_no_utf8_are_no_text(data: bytes, before: int) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        assume(False)
    with pytest.raises(NotText, match="no UTF-8"):
        kept(b"x" * before + data)


PAGE = "".join(f"line {n} of the report\n" for n in range(6000)).encode()
FILE = kept(PAGE)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
@example(2461, 1)  # a bit of zstd's that changes nothing of what it decodes to
def test_a_changed_byte_is_seen_wherever_it_is(position: int, change: int) -> None:
    damaged = bytearray(FILE)
    damaged[position] ^= change
    with pytest.raises(Damaged):
        read(bytes(damaged), PAGE)


@given(st.integers(0, len(FILE) - 1))
def test_a_file_that_ends_early_is_seen(size: int) -> None:
    with pytest.raises(Damaged):
        read(FILE[:size], PAGE)


def test_another_artifacts_file_is_seen() -> None:
    with pytest.raises(Damaged, match="something else"):
        index_bytes(kept(b"another"), hashlib.sha256(PAGE).hexdigest())
