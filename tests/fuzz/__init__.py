"""Fuzzing of everything that reads bytes of strangers (SECURITY.md).

    python -m tests.fuzz --minutes 30                    all targets, from the root of the repository
    python -m tests.fuzz --minutes 5 --target decode     one of them
    python -m tests.fuzz --replay FILE --target decode   one input again, with its traceback

``targets`` says what is run and what must hold, ``mutate`` makes inputs out of others (it knows the structure of a
file and repairs checksums and digests, so that damage reaches what lies behind them), ``seeds`` makes the corpus,
``session`` runs cases and counts. tests/test_fuzz.py runs a few cases of each target in the test suite.
"""
