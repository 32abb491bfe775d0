"""`new`: a file to begin with."""

import argparse
import importlib.util
import keyword
from importlib import resources
from pathlib import Path

from plasticity_bench.cli.common import COMPLETE
from plasticity_bench.errors import BadInputError

HELP = "write a learner to begin with"
EXAMPLE = "plasticity-bench new learner my_module"
TEMPLATES = "plasticity_bench.templates"
NEXT = {
    "learner": (
        "plasticity-bench check {name}:Learner",
        "plasticity-bench run quick --learner {name}:Learner",
    )
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("kind", choices=sorted(NEXT), help="what to write")
    parser.add_argument("name", metavar="NAME", help="NAME.py is written to the current folder")


def execute(options: argparse.Namespace) -> int:
    """Write the file, and print what to do with it."""
    kind, name = options.kind, options.name
    file = Path(f"{name}.py")
    _check_name(name, file)
    text = (resources.files(TEMPLATES) / f"{kind}.py").read_text(encoding="utf-8")
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text.replace(f"my_{kind}", name))
    except OSError as error:
        raise BadInputError(f"{file} cannot be written here: {error.strerror}.") from None
    print(f"{file} is a {kind} that works as it stands. Change it, and:")
    print("".join(f"  {command.format(name=name)}\n" for command in NEXT[kind]), end="")
    return COMPLETE


def _check_name(name: str, file: Path) -> None:
    """Refuse what could not be imported, or would hide what can."""
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise BadInputError(
            f"{name!r} cannot be the name of a Python module: use letters, digits and _, such as "
            "my_idea; .py is added."
        )
    if file.exists():
        raise BadInputError(f"{file} is here already: choose another name, or move it away.")
    if importlib.util.find_spec(name) is not None:
        raise BadInputError(
            f"{file} would hide the installed module {name!r}: choose another name."
        )
