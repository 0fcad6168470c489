"""What an author and his users do, with wheels in an environment of its own: ``python tools/check_template.py``.

Core only; ``neuroc plugins new``; the new package as a wheel, its tests; a picture encoded and decoded; the plugin
uninstalled: the file then names what to install, exit code 4, and other codecs still work. ``.ci/run`` calls it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "my-own"
MODULE, DISTRIBUTION = "neuroc_my_own", "neuroc-my-own"


def main() -> int:
    """All steps; 0 if each one does what it should."""
    with tempfile.TemporaryDirectory() as folder:
        return check(Path(folder))


def check(folder: Path) -> int:
    """The steps in an empty folder."""
    venv.create(folder / "v", with_pip=True)
    scripts = folder / "v" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHONPATH", "VIRTUAL_ENV", "NEUROC_"))}

    def run(*command: object, code: int = 0, where: Path = folder) -> str:
        words = [str(c) for c in command]
        print("+", *words, flush=True)
        done = subprocess.run(words, cwd=where, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != code:
            raise SystemExit(f"exit code {done.returncode} and not {code}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def pip(*arguments: object) -> None:
        run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", *arguments)

    def neuroc(*arguments: object, code: int = 0) -> str:
        return run(scripts / "neuroc", *arguments, code=code)

    run(python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder / "wheels", ROOT)
    [core] = (folder / "wheels").glob("neuroc_codec-*.whl")
    pip(f"{core}[testing]")
    photo = folder / "photo.png"
    site = run(python, "-c", "import neuroc; print(neuroc.__path__[0])").strip()
    photo.write_bytes((Path(site) / "demo" / "photo.png").read_bytes())
    assert ROOT not in Path(site).parents

    said = neuroc("plugins", "new", NAME)
    assert f"pip install ./{DISTRIBUTION}" in said
    assert f"neuroc encode --plugin {NAME} photo.png" in said
    run(python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder / "wheels", f"./{DISTRIBUTION}")
    [plugin] = (folder / "wheels").glob(f"{MODULE}-*.whl")
    pip(plugin)
    assert "passed" in run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", DISTRIBUTION)

    assert NAME in neuroc("plugins")
    neuroc("encode", "--plugin", NAME, photo)
    neuroc("encode", "--plugin", "raw", photo, "-o", "raw.nrc")
    sizes = {name: (folder / name).stat().st_size for name in ("photo.nrc", "raw.nrc", "photo.png")}
    assert sizes["photo.nrc"] < 0.8 * sizes["photo.png"], sizes
    neuroc("decode", "photo.nrc", "-o", "back.png")
    assert neuroc("verify", "photo.nrc", "--against", photo)

    run(python, "-m", "pip", "uninstall", "-q", "-y", DISTRIBUTION)
    said = neuroc("decode", "photo.nrc", "-o", "again.png", code=4)
    assert f"codec {NAME!r}" in said, said
    assert f"pip install {DISTRIBUTION}" in said, said
    assert not (folder / "again.png").exists()
    assert NAME in neuroc("info", "photo.nrc")
    assert NAME not in neuroc("plugins")
    neuroc("decode", "raw.nrc", "-o", "raw.png")
    assert neuroc("verify", "raw.nrc", "--against", photo)
    print("the template installs, codes pictures, and is named when it is missing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
