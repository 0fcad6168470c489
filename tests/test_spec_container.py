"""SPEC.md says what the code does: header table, chunk table, fixed limits, and the script of Appendix A."""

from __future__ import annotations

import importlib.util
import re
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from neuroc.chunks import SIGNATURE, Preamble
from neuroc.container import KNOWN, MAX_ANCILLARY, build_file
from neuroc.digests import digest
from neuroc.header import DEFAULT_MODES, FIELDS, FIRST_ANCILLARY_KEY, MAX_HEADER_BYTES, Header
from neuroc.limits import MAX_RECORDS
from neuroc.picture import BITS, CHANNELS, Record
from neuroc.tiles import pack_groups, plane_groups

ROOT = Path(__file__).resolve().parent.parent
SPEC = (ROOT / "SPEC.md").read_text(encoding="utf-8")


def section(number: int) -> str:
    return SPEC.split(f"\n## {number} ")[1].split("\n## ")[0]


def rows(number: int) -> list[list[str]]:
    """The cells of every table row of a section."""
    found = re.findall(r"^\|(.+)\|$", section(number), re.M)
    return [[cell.strip().replace("`", "") for cell in row.split("|")] for row in found]


def test_the_header_table_lists_the_fields_and_their_defaults() -> None:
    stated = {int(r[0]): r[3] for r in rows(4) if len(r) == 5 and r[0].isdigit()}
    modes = "by channels: " + ", ".join(f"{c} {m}" for c, m in DEFAULT_MODES.items())
    for field in FIELDS:
        default = modes if field.name == "mode" else field.default
        text = str(default or "empty") if isinstance(default, str | int | list | dict) else "required"
        assert stated.pop(field.key) == text, field.name
    assert not stated
    assert f"A key below {FIRST_ANCILLARY_KEY}" in section(4)


def test_the_mode_table_lists_the_modes() -> None:
    stated = {
        r[0]: (int(r[1]), tuple(int(b) for b in r[2].split(", "))) for r in rows(4) if len(r) == 4 and r[1].isdigit()
    }
    assert stated == {m: (CHANNELS[m], BITS[m]) for m in CHANNELS}


def test_the_group_table_lists_the_plane_groups() -> None:
    stated = {mode: r[1] for r in rows(5) for mode in r[0].split(", ")}
    for mode in CHANNELS:
        groups = plane_groups(mode)
        text = " ".join(f"({' '.join(str(g.first + i) for i in range(g.count))}, {g.kind})" for g in groups)
        assert stated[mode] == text


def test_the_chunk_table_and_fixed_limits() -> None:
    assert [r[0] for r in rows(3) if r[0].isupper()] == [kind.decode() for kind in KNOWN]
    assert f"at most {MAX_HEADER_BYTES:,} bytes" in section(3)
    assert f"at most {MAX_ANCILLARY:,}" in section(3)
    assert f"at most {MAX_RECORDS:,} records" in section(6)


def test_the_examples_of_the_conventions_hold() -> None:
    assert f"{zlib.crc32(b'123456789'):08X}" in section(1)
    assert digest(b"abc").hex(" ").upper() in section(1)
    assert SIGNATURE.hex(" ").upper() in section(2)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    found = importlib.util.spec_from_file_location("spec_example", ROOT / "tools" / "spec_example.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_example_script_leaves_no_byte_out(script: ModuleType) -> None:
    header = Header(
        codec="x", pixel_digest=bytes(16), encoder="1", mode="L", tile=3, extra={64: [1, "a"]}, params={0: 1}
    )
    tiles = [pack_groups([(0, bytes([i]))]) for i in range(4)]
    data = build_file(
        Preamble(5, 4, 1, 8), header, tiles, range(4), metadata=[Record("k", b"v")], ancillary=[(b"noTe", b"hello")]
    )
    for file in (data, script.example()):
        fields = list(script.describe(file))
        assert b"".join(part for _, part, _ in fields) == file
        assert all(offset == sum(len(p) for _, p, _ in fields[:i]) for i, (offset, _, _) in enumerate(fields))
