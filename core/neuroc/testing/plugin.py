"""The plugin of pytest: ``pytest --neuroc-codec ID`` runs the suite of an installed codec, without a test file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..errors import NeurocError

CHOSEN = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--neuroc-codec ID``."""
    parser.getgroup("neuroc").addoption(
        "--neuroc-codec",
        action="append",
        default=[],
        metavar="ID",
        help="run the suite of neuroc.testing for this installed codec; may be given several times",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the suites instead of the default folders; what else is named on the command line stays."""
    if ids := config.getoption("neuroc_codec"):
        config.stash[CHOSEN] = ids
        named = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
        config.args = [*named, str(Path(__file__).with_name("installed.py"))]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """installed.py has no text of its own: its tests are the suites that were asked for."""
    ids = parent.config.stash.get(CHOSEN, [])
    if module_path != Path(__file__).with_name("installed.py") or not ids:
        return None
    module: pytest.Module = pytest.Module.from_parent(parent, path=module_path)
    try:
        from . import suite

        for id in ids:
            setattr(module.obj, "Test_" + id.replace("-", "_"), suite(id))
    except ImportError as error:
        raise pytest.Collector.CollectError(f"{error}. Install it: pip install 'neuroc-codec[testing]'") from None
    except NeurocError as error:
        raise pytest.Collector.CollectError(str(error)) from None
    return module
