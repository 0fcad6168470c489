"""The command ``neuroc``: one thin module a command, over the public API of neuroc."""
