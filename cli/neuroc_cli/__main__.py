"""``python -m neuroc_cli`` is ``neuroc``."""

from neuroc_cli.main import run

if __name__ == "__main__":  # worker processes import this module again
    run()
