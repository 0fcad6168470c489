"""What the vectors are and how each is made (``python conformance/generate.py`` puts them into files)."""
