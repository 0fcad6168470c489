"""A class of tests for pytest out of the checks of this package; each test is one contract of contracts.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import declarations, files, predictions
from .cases import cases, damages, file_cases
from .subject import Scope, Subject

Draws = Callable[[Subject], tuple[st.SearchStrategy[Any], ...]]


@dataclass(frozen=True, slots=True)
class Check:
    """One test: what it runs, for which codecs, and what Hypothesis draws for it."""

    name: str
    run: Callable[..., None]  # (subject, what is drawn ...)
    codecs: Literal["all", "network", "raw"] = "all"
    draws: Draws | None = None
    share: int = 1  # of the examples, as a divisor: for what takes long


def _together(subject: Subject) -> tuple[st.SearchStrategy[Any], ...]:
    return (cases(subject, batches=(max(2, subject.scope.batch),)),)


CHECKS = (
    Check("the_entry_says_what_the_codec_is", declarations.check_entry),
    Check("parameters_work_or_are_refused", declarations.check_parameters),
    Check("every_parameter_changes_what_is_coded", declarations.check_effects),
    Check("the_cost_is_told_beforehand", declarations.check_cost),
    Check("weights_that_do_not_fit_are_refused", declarations.check_weights, "network"),
    Check("streams_come_back", predictions.check_lossless, "network", lambda s: (cases(s),)),
    Check("every_sample_is_coded_once", predictions.check_coverage, "network", lambda s: (cases(s),)),
    Check("tables_are_valid_and_intervals_agree", predictions.check_tables, "network", lambda s: (cases(s),)),
    Check("no_table_depends_on_later_samples", predictions.check_causality, "network", lambda s: (cases(s, (1,)),)),
    Check("one_pass_equals_the_steps", predictions.check_one_pass, "network", lambda s: (cases(s),)),
    Check("lock_step_changes_no_stream", predictions.check_batches, "network", _together),
    Check("engines_give_the_same_streams", predictions.check_engines, "network", lambda s: (cases(s),), 2),
    Check("threads_may_share_a_model", predictions.check_threads, "network", _together, 5),
    Check("damaged_streams_are_found", predictions.check_stream_damage, "network", lambda s: (cases(s), damages())),
    Check("tiles_come_back", files.check_tile, "raw", lambda s: (cases(s),)),
    Check("damaged_tiles_are_found", files.check_tile_damage, "raw", lambda s: (cases(s), damages())),
    Check("files_come_back", files.check_files, "all", lambda s: (file_cases(s),)),
    Check("every_mode_becomes_a_file", files.check_modes),
    Check("damaged_files_are_found", files.check_file_damage, "all", lambda s: (file_cases(s), damages())),
    Check("other_processes_write_the_same", files.check_determinism),
)


def suite(codec: str, **scope: Any) -> type[Any]:
    """A class of tests for the installed codec ``codec``: ``TestCodec = suite("mycodec")`` in a test file.

    Keywords are the fields of subject.Scope: side=20, batch=3, examples=20, bits, channels, params, without_effect,
    engines, coders, weights. Raises PluginMissingError or PluginBrokenError if the codec cannot be loaded.
    """
    subject = Subject(codec, Scope(**scope))
    kind = "network" if subject.has_network else "raw"
    checks = [c for c in CHECKS if c.codecs in ("all", kind)]
    if subject.scope.weights is not None:  # a file states the digest of weights that are installed
        checks = [c for c in checks if c.run.__module__ != files.__name__]
    tests = {f"test_{c.name}": _test(c, subject) for c in checks}
    return type("Suite", (), {"__doc__": f"The contracts of the codec {codec}.", **tests})


def _test(check: Check, subject: Subject) -> Callable[..., None]:
    """The method of a check; Hypothesis draws its arguments, if it has any."""
    if check.draws is None:

        def plain(self: object) -> None:
            check.run(subject)

        plain.__doc__ = check.run.__doc__
        return plain

    def drawn(self: object, case: Any) -> None:
        check.run(subject, *case)

    drawn.__doc__ = check.run.__doc__
    drawn.__name__ = f"test_{check.name}"
    drawn.__qualname__ = f"{subject.id}.{check.name}"  # what Hypothesis keeps its examples by
    draws = check.draws
    strategy = st.deferred(lambda: st.tuples(*draws(subject)))  # not before the test runs: the codec may raise
    few = settings(
        max_examples=max(1, subject.scope.examples // check.share),
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors, HealthCheck.data_too_large],
    )
    return few(given(case=strategy)(drawn))
