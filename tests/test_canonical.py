"""There is one spelling of each value, it is msgpack, and every other spelling is refused."""

from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc import canonical
from neuroc.errors import CorruptFileError, HeaderError

leaves = (
    st.integers(-(2**63), 2**64 - 1)
    | st.integers(-200, 300)
    | st.sampled_from([2**k + d for k in (7, 8, 15, 16, 31, 32, 63) for d in (-1, 0, 1)])
    | st.sampled_from([-(2**k) + d for k in (5, 7, 15, 31) for d in (-1, 0, 1)])
    | st.text(max_size=40)
    | st.binary(max_size=300)
    | st.booleans()
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.integers(-5, 2**33), inner, max_size=20),
    max_leaves=12,
)


def depth(value: Any) -> int:
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(v) for v in value] if isinstance(value, list) else value


@given(values.filter(lambda v: depth(v) <= canonical.MAX_DEPTH))
@settings(max_examples=60, deadline=None)
def test_values_come_back_and_the_bytes_are_what_msgpack_writes(value: Any) -> None:
    data = canonical.pack(value)
    assert canonical.unpack(data, max_values=10**4) == value
    assert data == msgpack.packb(ordered(value))


@given(st.binary(max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_is_accepted_packs_to_the_same_bytes(data: bytes) -> None:
    try:
        value = canonical.unpack(data, max_values=100)
    except HeaderError:
        return
    assert canonical.pack(value) == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("cc 7f", "shortest"),
        ("cd 00 ff", "shortest"),
        ("ce 00 00 ff ff", "shortest"),
        ("cf 00 00 00 00 ff ff ff ff", "shortest"),
        ("d0 05", "shortest"),
        ("d0 e0", "shortest"),
        ("d1 ff 80", "shortest"),
        ("d9 01 61", "shortest"),
        ("c5 00 01 61", "shortest"),
        ("dc 00 01 05", "shortest"),
        ("dd 00 00 00 10" + " 05" * 16, "shortest"),
        ("de 00 01 00 00", "shortest"),
        ("82 01 00 00 00", "ascending"),
        ("82 01 00 01 00", "ascending"),
        ("81 a1 61 00", "ascending"),
        ("81 c3 00", "ascending"),
        ("c0", "C0 is not used"),
        ("cb 3f f0 00 00 00 00 00 00", "CB is not used"),
        ("c7 00 05", "C7 is not used"),
        ("a1 ff", "UTF-8"),
        ("a3 ed a0 80", "UTF-8"),
        ("05 05", "after the last"),
        ("", "longer than"),
        ("c4 05 00", "longer than"),
        ("91 91 91 91 91 00", "deep"),
        ("81 80 00", "deep"),
    ],
)
def test_other_spellings_are_refused(data: str, why: str) -> None:
    with pytest.raises(HeaderError, match=why):
        canonical.unpack(bytes.fromhex(data), max_values=100)


def test_length_fields_allocate_nothing() -> None:
    with pytest.raises(HeaderError, match="too many"):
        canonical.unpack(b"\xdd\xff\xff\xff\xff" + bytes(1000), max_values=100)
    with pytest.raises(HeaderError, match="longer"):
        canonical.unpack(b"\xdd\xff\xff\xff\xff" * 4, max_values=10**9)


def test_errors_name_the_place_in_the_file() -> None:
    with pytest.raises(CorruptFileError) as caught:
        canonical.unpack(b"\x92\x01\xc0", max_values=9, error=CorruptFileError, file="a.nrc", offset=100)
    assert (caught.value.file, caught.value.offset, type(caught.value)) == ("a.nrc", 102, CorruptFileError)


@pytest.mark.parametrize("value", [1.5, None, {"a": 1}, 2**64, -(2**63) - 1, {True: 1}])
def test_what_has_no_canonical_form_is_not_packed(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical.pack(value)
