"""The gateway's reading of query strings."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from postgrest.utils import sanitize_param

from tenkay.stack.rest_gateway.catalog import Column, Table
from tenkay.stack.rest_gateway.errors import ApiError
from tenkay.stack.rest_gateway.query import (
    Filter,
    OrderTerm,
    Query,
    parse_query,
    parse_range_header,
)
from tenkay.stack.rest_gateway.statements import read

TABLE = Table("things", {name: Column(name, "text", None) for name in ('we"ird, name', "plain")}, ())


def test_a_whole_query_string_is_read() -> None:
    raw = b"select=a,b&a=eq.1&b=not.in.(x,%22y,z%22)&c=is.NULL&order=a.desc.nullslast,b&limit=5&offset=10"
    assert parse_query(raw) == Query(
        select=("a", "b"),
        filters=(
            Filter("a", "eq", ("1",), negated=False),
            Filter("b", "in", ("x", "y,z"), negated=True),
            Filter("c", "is", ("null",), negated=False),
        ),
        order=(OrderTerm("a", True, False), OrderTerm("b", False, None)),
        limit=5,
        offset=10,
    )


def test_a_star_in_a_pattern_stands_for_any_text() -> None:
    assert parse_query(b"a=like.*x*").filters[0].values == ("%x%",)
    assert parse_query(b"a=eq.*x*").filters[0].values == ("*x*",)


@pytest.mark.parametrize(
    ("header", "window"),
    [("0-9", (0, 10)), ("5-", (5, None)), ("5-5", (5, 1)), ("bytes=0-9", (0, None)), ("", (0, None))],
)
def test_a_range_header_counts_items(header: str, window: tuple[int, int | None]) -> None:
    assert parse_range_header(header) == window


def test_a_range_upside_down_is_refused() -> None:
    with pytest.raises(ApiError) as raised:
        parse_range_header("9-0")
    assert (raised.value.status, raised.value.code) == (416, "PGRST103")


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(value=texts)
@example(value='"')
@example(value="a.b,c)(")
def test_any_value_survives_a_filter_unchanged(value: str) -> None:
    assert parse_query(f"a=eq.{quote(value, safe='')}".encode()).filters == (
        Filter("a", "eq", (value,), negated=False),
    )


@given(values=st.lists(texts, min_size=1, max_size=4))
@example(values=["a,b", 'say "hi"', "(x)", "back\\slash", ""])
def test_a_list_as_the_supabase_client_writes_it_is_read_back(values: list[str]) -> None:
    written = ",".join(sanitize_param(value) for value in values)
    expected = () if written == "" else tuple(values)
    assert parse_query(f"a=in.{quote(f'({written})', safe='')}".encode()).filters == (
        Filter("a", "in", expected, negated=False),
    )


@given(raw=st.binary(max_size=60))
@example(raw=b"%")
@example(raw=b"select=%22")
@example(raw=b"a=in.(")
@example(raw=b"order=a.asc.asc")
def test_any_bytes_are_a_query_or_a_refusal(raw: bytes) -> None:
    try:
        query = parse_query(raw)
    except ApiError as error:
        assert error.status in (400, 416)
    else:
        assert isinstance(query, Query)


@given(name=texts, value=texts)
@example(name="plain", value="x'; drop table things; --")
@example(name='we"ird, name', value="$1")
def test_names_from_outside_reach_sql_only_when_the_catalog_knows_them(name: str, value: str) -> None:
    query = Query(filters=(Filter(name, "eq", (value,), negated=False),))
    if name not in TABLE.columns:
        with pytest.raises(ApiError) as raised:
            read(TABLE, query, limit=1, offset=0, count=False)
        assert raised.value.code == "42703"
        return
    statement = read(TABLE, query, limit=1, offset=0, count=False)
    quoted = name.replace('"', '""')
    assert statement.parameters == [value]
    assert f'where "public"."things"."{quoted}" = $1::text::text limit 1' in statement.sql
