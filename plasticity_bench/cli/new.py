"""`new`: files to begin with."""

import argparse
import importlib.util
import keyword
from importlib import resources
from pathlib import Path

from plasticity_bench.cli.common import COMPLETE
from plasticity_bench.errors import BadInputError

HELP = "write a learner or a stream to begin with"
EXAMPLE = """\
plasticity-bench new learner my_module
plasticity-bench new stream my_stream"""
TEMPLATES = "plasticity_bench.templates"
FILES = {"learner": (".py",), "stream": (".py", ".yaml")}
NEXT = {
    "learner": (
        "plasticity-bench check {name}:Learner",
        "plasticity-bench run quick --learner {name}:Learner",
    ),
    "stream": (
        "plasticity-bench check {name}:my-lab/Stream-v0",
        "plasticity-bench run {name}.yaml --learner l2",
    ),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("kind", choices=sorted(NEXT), help="what to write")
    parser.add_argument(
        "name", metavar="NAME", help="of the module: NAME.py, in the current folder"
    )


def execute(options: argparse.Namespace) -> int:
    """Write the files, and print what to do with them."""
    kind, name = options.kind, options.name
    files = [Path(f"{name}{suffix}") for suffix in FILES[kind]]
    _check_name(name, files)
    for file in files:
        text = (resources.files(TEMPLATES) / f"{kind}{file.suffix}").read_text(encoding="utf-8")
        try:
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text.replace(f"my_{kind}", name))
        except OSError as error:
            raise BadInputError(f"{file} cannot be written here: {error.strerror}.") from None
    module, *suites = files
    suite = f", {suites[0]} a suite for it" if suites else ""
    print(f"{module} is a {kind} that works as it stands{suite}. Change it, and:")
    print("".join(f"  {command.format(name=name)}\n" for command in NEXT[kind]), end="")
    return COMPLETE


def _check_name(name: str, files: list[Path]) -> None:
    """Refuse what could not be imported, or would hide what can."""
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise BadInputError(
            f"{name!r} cannot be the name of a Python module: use letters, digits and _, such as "
            "my_idea; .py is added."
        )
    for file in files:
        if file.exists():
            raise BadInputError(f"{file} exists: choose another name, or move it.")
    if importlib.util.find_spec(name) is not None:
        raise BadInputError(
            f"{files[0]} would hide the installed module {name!r}: choose another name."
        )
