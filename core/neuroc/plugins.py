"""Discovery of plugins over pluggy: what is installed, what is broken and why (docs/writing-a-plugin.md).

Every entry point of group ``neuroc`` gets a PluginManager of its own, so that a plugin that fails (on import, in a
hook, with a wrong hook name or an invalid entry) is reported and never stops another one. Entries hold import
strings: nothing here imports a model, torch or numpy.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import pluggy

from . import hookspecs
from .errors import PluginBrokenError, PluginMissingError
from .hookspecs import PLUGIN_API, CodecEntry, CoderEntry, EngineEntry, WeightsEntry

if TYPE_CHECKING:
    from .model import Codec, RawCodec

GROUP = "neuroc"
DISTRIBUTION = "neuroc-codec"  # ours; "neuroc" on the package index belongs to another project

_ID = re.compile(r"[a-z0-9-]{1,32}")
_IMPORT = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_DIGEST = re.compile(r"[0-9a-f]{32}")

Entry = CodecEntry | CoderEntry | EngineEntry
E = TypeVar("E", CodecEntry, CoderEntry, EngineEntry)


class EntryPointLike(Protocol):
    """The part of importlib.metadata.EntryPoint that discovery needs."""

    @property
    def name(self) -> str: ...
    @property
    def dist(self) -> Any: ...
    def load(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Registered(Generic[E]):
    """An entry and the distribution that it came from."""

    entry: E
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class PluginReport:
    """One line of ``neuroc plugins``: a codec, coder or engine, or a whole plugin (kind "plugin") that failed."""

    id: str  # of the entry; the entry point's name for a plugin that failed as a whole
    distribution: str
    version: str
    status: str  # "ok" or "broken"
    error: str = ""
    kind: str = "codec"  # "codec", "coder", "engine", "weights" or "plugin"
    bitstream: int | None = None  # codecs only
    numerics: str | None = None  # codecs only


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin whose module loads: its manager holds the hooks that are called later (commands)."""

    name: str
    distribution: str
    version: str
    manager: pluggy.PluginManager


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that the installed plugins registered; ids that are broken stand in ``reports`` only."""

    codecs: Mapping[str, Registered[CodecEntry]] = field(default_factory=dict)
    coders: Mapping[str, Registered[CoderEntry]] = field(default_factory=dict)
    engines: Mapping[str, Registered[EngineEntry]] = field(default_factory=dict)
    weights: tuple[tuple[str, WeightsEntry, str], ...] = ()  # (codec id, entry, package)
    reports: tuple[PluginReport, ...] = ()
    plugins: tuple[Plugin, ...] = ()

    def codec(self, id: str) -> Registered[CodecEntry]:
        """The codec's entry; raises PluginMissingError or PluginBrokenError."""
        return self._find("codec", self.codecs, id)

    def coder(self, id: str) -> Registered[CoderEntry]:
        """The entropy coder's entry; raises PluginMissingError or PluginBrokenError."""
        return self._find("coder", self.coders, id)

    def engine(self, id: str) -> Registered[EngineEntry]:
        """The engine's entry; raises PluginMissingError or PluginBrokenError."""
        return self._find("engine", self.engines, id)

    def engine_entries(self) -> tuple[Registered[EngineEntry], ...]:
        """Engines in the order of ``--engine auto``: highest priority first, then by id."""
        return tuple(sorted(self.engines.values(), key=lambda r: (-r.entry.priority, r.entry.id)))

    def automatic_engine(self) -> EngineEntry:
        """What ``--engine auto`` stands for on a CPU: the highest priority among those that can be imported."""
        return next(r.entry for r in self.engine_entries() if not missing_modules(r.entry))

    def coder_entries(self) -> tuple[Registered[CoderEntry], ...]:
        """Entropy coders by id."""
        return tuple(self.coders[k] for k in sorted(self.coders))

    def register_commands(self, app: Any) -> tuple[PluginReport, ...]:
        """Let every plugin add its sub-commands to the typer app; returns a report for each one that failed."""
        failed = []
        for p in self.plugins:
            try:
                p.manager.hook.neuroc_register_commands(app=app)
            except KeyboardInterrupt:
                raise
            except BaseException as e:  # pytest.skip and its like are no Exception
                failed.append(PluginReport(p.name, p.distribution, p.version, "broken", _reason(e), "plugin"))
        return tuple(failed)

    def _find(self, kind: str, entries: Mapping[str, Registered[E]], id: str) -> Registered[E]:
        if found := entries.get(id):
            return found
        for r in self.reports:
            if r.status == "broken" and r.id == id and r.kind in (kind, "plugin"):
                raise PluginBrokenError(
                    f"the {kind} {id!r} of {r.distribution} {r.version} cannot be used: {r.error}",
                    remedy=f"Upgrade or reinstall it (pip install -U {r.distribution}); 'neuroc plugins' lists all",
                )
        installed = ", ".join(sorted(entries)) or "none"
        name = id if _ID.fullmatch(id) else "NAME"
        raise PluginMissingError(
            f"no installed plugin provides the {kind} {id[:64]!r}",
            remedy=f"Install it: pip install {GROUP}-{name} (installed: {installed})"
            if kind == "codec"  # packages are named after the codecs in them
            else f"Installed: {installed}",
        )


def load(entry_points: Iterable[EntryPointLike]) -> Registry:
    """Load the given entry points, each on its own; never raises for what a plugin does."""
    plugins: list[Plugin] = []
    reports: list[PluginReport] = []
    found: list[tuple[str, Registered[Any], str]] = []  # kind, entry with origin, problem
    weights: list[tuple[str, WeightsEntry, str]] = []
    for point in sorted(entry_points, key=lambda p: p.name):
        distribution, version = _origin(point)
        try:
            manager = _manager(point)
            entries = _entries(manager)
            more = _weights(manager)
        except KeyboardInterrupt:
            raise
        except BaseException as e:  # pytest.skip and its like are no Exception
            reports.append(PluginReport(point.name, distribution, version, "broken", _reason(e), "plugin"))
            continue
        plugins.append(Plugin(point.name, distribution, version, manager))
        weights += more
        found += [(kind, Registered(e, distribution, version), _problem(e)) for kind, e in entries]
    accepted: dict[str, dict[str, Registered[Any]]] = {"codec": {}, "coder": {}, "engine": {}}
    for kind, r, own_problem in found:
        problem = own_problem or _duplicate(kind, r, found)
        if not problem:
            accepted[kind][r.entry.id] = r
        reports.append(_report(kind, r, problem))
    return Registry(
        codecs=accepted["codec"],
        coders=accepted["coder"],
        engines=accepted["engine"],
        weights=tuple(weights),
        reports=tuple(reports),
        plugins=tuple(plugins),
    )


@functools.cache
def registry() -> Registry:
    """What is installed here, looked up once per process (``registry.cache_clear()`` looks again)."""
    points: list[EntryPointLike] = list(importlib.metadata.entry_points(group=GROUP))
    if not any(p.name == "core" for p in points):
        # A checkout on the path that is not installed has no metadata; the built-in codecs are there all the same.
        points.append(importlib.metadata.EntryPoint("core", "neuroc.builtin", GROUP))
    return load(points)


def load_codec(id: str, registry_: Registry | None = None) -> Codec | RawCodec:
    """Import the codec; raises PluginMissingError or PluginBrokenError."""
    r = (registry_ or registry()).codec(id)
    codec = load_object(r.entry.codec, r)
    kinds: tuple[Sequence[str], ...] = (("encode_tile", "decode_tile"), ("weights_name", "model", "cost"))
    if not hasattr(codec, "params") or not any(all(hasattr(codec, a) for a in names) for names in kinds):
        raise PluginBrokenError(
            f"{r.entry.codec} of {r.distribution} {r.version} is neither a Codec nor a RawCodec",
            remedy=f"Upgrade or reinstall it: pip install -U {r.distribution}",
        )
    return codec  # type: ignore[no-any-return]


def load_coder(id: str, registry_: Registry | None = None) -> Any:
    """Import the entropy coder (a coder.Coder); raises PluginMissingError or PluginBrokenError."""
    r = (registry_ or registry()).coder(id)
    return load_object(r.entry.coder, r)


def load_engine(id: str, registry_: Registry | None = None) -> Callable[[str], Any]:
    """Import the engine's factory, a callable(device); raises PluginMissingError or PluginBrokenError."""
    r = (registry_ or registry()).engine(id)
    if missing := missing_modules(r.entry):
        raise PluginMissingError(
            f"the engine {id!r} needs {', '.join(missing)}, which is not installed",
            remedy=f"Install it: pip install {' '.join(missing)}",
        )
    factory = load_object(r.entry.engine, r)
    if not callable(factory):
        raise PluginBrokenError(f"{r.entry.engine} of {r.distribution} {r.version} is not callable")
    return factory  # type: ignore[no-any-return]


def missing_modules(entry: EngineEntry) -> tuple[str, ...]:
    """Those of ``entry.requires`` that cannot be imported here (looked up, not imported)."""
    return tuple(m for m in entry.requires if not _importable(m))


def load_object(path: str, origin: Registered[Any]) -> Any:
    """The object that the import string "module:attribute" names; any failure becomes PluginBrokenError."""
    module, _, attribute = path.partition(":")
    try:
        return functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    except KeyboardInterrupt:
        raise
    except BaseException as e:  # pytest.skip and its like are no Exception
        raise PluginBrokenError(
            f"{origin.distribution} {origin.version} fails to load {path}: {_reason(e)}",
            remedy=f"Upgrade or reinstall it: pip install -U {origin.distribution}",
        ) from e


def foreign_neuroc() -> str | None:
    """A warning if the other project that is called ``neuroc`` on the package index is installed, else None."""
    try:
        other = importlib.metadata.distribution("neuroc")
    except importlib.metadata.PackageNotFoundError:
        return None
    return (
        f"the package 'neuroc' {other.version} is installed: another project with the same import name and command; "
        f"remove both and install this one again: pip uninstall neuroc {DISTRIBUTION}; pip install {DISTRIBUTION}"
    )


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _origin(point: EntryPointLike) -> tuple[str, str]:
    try:
        return (point.dist.name, point.dist.version) if point.dist is not None else (DISTRIBUTION, "checkout")
    except Exception:
        return "unknown", "unknown"


def _manager(point: EntryPointLike) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    plugin = point.load()
    manager.register(plugin, name=point.name)
    manager.check_pending()  # an implementation of a hook that does not exist
    if not manager.get_hookcallers(plugin):
        raise TypeError("it implements no neuroc hook (is @hookimpl missing?)")
    return manager


def _entries(manager: pluggy.PluginManager) -> list[tuple[str, Entry]]:
    hook = manager.hook
    calls: tuple[tuple[str, type[Any], Callable[[], Any]], ...] = (
        ("codec", CodecEntry, hook.neuroc_register_codecs),
        ("coder", CoderEntry, hook.neuroc_register_coders),
        ("engine", EngineEntry, hook.neuroc_register_engines),
    )
    found: list[tuple[str, Entry]] = []
    for kind, wanted, call in calls:
        for entry in (e for returned in call() for e in returned):
            if not isinstance(entry, wanted) or not isinstance(entry.id, str):
                raise TypeError(f"a {kind} hook returned {type(entry).__name__} where {wanted.__name__} is needed")
            found.append((kind, entry))
    return found


def _weights(manager: pluggy.PluginManager) -> list[tuple[str, WeightsEntry, str]]:
    found = []
    for codec, entry, package in (e for returned in manager.hook.neuroc_register_weights() for e in returned):
        if not isinstance(codec, str) or not isinstance(package, str) or (problem := _weights_problem(entry)):
            raise TypeError(
                f"neuroc_register_weights: {problem if isinstance(codec, str) else 'codec id not a string'}"
            )
        found.append((codec, entry, package))
    return found


def _weights_problem(w: object) -> str:
    if not isinstance(w, WeightsEntry) or not all(isinstance(v, str) and v for v in (w.name, w.digest, w.path)):
        return f"{w!r} is not a WeightsEntry of strings"
    if not _DIGEST.fullmatch(w.digest):
        return f"the digest of weights {w.name!r} is not 32 lower-case hex digits"
    if w.path.startswith(("/", "\\")) or ":" in w.path or ".." in w.path.replace("\\", "/").split("/"):
        return f"the path of weights {w.name!r} leaves its package"
    return ""


def _problem(entry: Entry) -> str:
    """Why an entry cannot be used, or ""."""
    if isinstance(entry, CodecEntry) and entry.api != PLUGIN_API:
        return f"written for plugin API {entry.api}, this is {PLUGIN_API}"  # first: later fields may mean other things
    if not _ID.fullmatch(entry.id):
        return "the id is not 1 to 32 of a-z, 0-9 and -"
    if isinstance(entry, CodecEntry):
        return _import_problem(entry.codec) or _codec_problem(entry)
    if isinstance(entry, CoderEntry):
        return _import_problem(entry.coder)
    if type(entry.priority) is not int or not all(isinstance(m, str) for m in entry.requires):
        return "priority must be an integer, requires a tuple of module names"
    return _import_problem(entry.engine)


def _import_problem(path: object) -> str:
    good = isinstance(path, str) and _IMPORT.fullmatch(path)
    return "" if good else f"{path!r} is not an import string package.module:attribute"


def _codec_problem(entry: CodecEntry) -> str:
    if type(entry.bitstream) is not int or not 1 <= entry.bitstream < 2**16:
        return f"bitstream version {entry.bitstream!r} is not an integer from 1 to 65535"
    if entry.numerics not in ("exact", "pinned"):
        return f"numerics {entry.numerics!r} is neither exact nor pinned"
    if (
        not isinstance(entry.weights, tuple)
        or not isinstance(entry.channels, tuple)
        or not isinstance(entry.bits, tuple)
    ):
        return "weights, channels and bits must be tuples"
    names = []
    for w in entry.weights:
        if problem := _weights_problem(w):
            return problem
        names.append(w.name)
    return "two weights have the same name" if len(set(names)) < len(names) else ""


def _duplicate(kind: str, r: Registered[Any], found: Sequence[tuple[str, Registered[Any], str]]) -> str:
    """Neither of two entries with one id wins: files must not depend on the order of installation."""
    same = [o for k, o, _ in found if k == kind and o.entry.id == r.entry.id]
    if len(same) < 2:
        return ""
    return f"the {kind} id {r.entry.id!r} is registered by " + " and ".join(
        f"{o.distribution} {o.version}" for o in same
    )


def _report(kind: str, r: Registered[Any], problem: str) -> PluginReport:
    bitstream, numerics = getattr(r.entry, "bitstream", None), getattr(r.entry, "numerics", None)
    status = "broken" if problem else "ok"
    return PluginReport(r.entry.id, r.distribution, r.version, status, problem, kind, bitstream, numerics)


def _reason(e: BaseException) -> str:
    text = " ".join(str(e).split())
    return f"{type(e).__name__}: {text}" if text else type(e).__name__
