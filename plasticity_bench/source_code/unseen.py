"""What a source depends on that is not in its text: files, the environment, changing globals.

The text is searched, and nothing is run. A name that is bound in another way, as by `getattr`, is
not found.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from plasticity_bench.source_code.modules import imports_by_name, literal_name
from plasticity_bench.source_code.reachable import only_decorators, run_nodes, unused_definitions
from plasticity_bench.source_code.source import Source, SourceFile, source_of
from plasticity_bench.source_code.syntax import parsed

READING = {
    "": ("open", "input"),
    "PIL.Image": ("open",),
    "datasets": ("load_dataset", "load_from_disk"),
    "glob": ("glob", "iglob"),
    "h5py": ("File",),
    "importlib.util": ("spec_from_file_location",),
    "io": ("open",),
    "joblib": ("load",),
    "json": ("load",),
    "numpy": ("fromfile", "genfromtxt", "load", "loadtxt", "memmap"),
    "numpy.lib.format": ("open_memmap",),
    "os": ("fdopen", "getenv", "listdir", "open", "popen", "scandir", "walk"),
    "pickle": ("load",),
    "requests": ("get",),
    "runpy": ("run_path",),
    "safetensors": ("safe_open",),
    "safetensors.numpy": ("load_file",),
    "safetensors.torch": ("load_file",),
    "shelve": ("open",),
    "subprocess": ("Popen", "check_output", "run"),
    "tomllib": ("load",),
    "torch": ("from_file", "load"),
    "torch.hub": ("load", "load_state_dict_from_url"),
    "torch.jit": ("load",),
    "torchvision.io": ("decode_image", "read_file", "read_image"),
    "urllib.request": ("urlopen", "urlretrieve"),
    "yaml": ("full_load", "load", "safe_load"),
}
"""Functions that read what is outside the program, by their modules."""

READING_METHODS = frozenset(
    {"iterdir", "loadmat", "read_bytes", "read_csv", "read_excel", "read_feather", "read_hdf"}
    | {"read_json", "read_parquet", "read_pickle", "read_table", "read_text", "rglob"}
)
"""Methods and functions that do so, whatever they are called on."""

OUTSIDE = {
    "os.environ": "the environment",
    "os.environb": "the environment",
    "sys.argv": "the command line",
}

CHANGING_METHODS = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop"}
    | {"popitem", "popleft", "remove", "reverse", "rotate", "setdefault", "sort", "subtract"}
    | {"update"}
)
_CONTAINERS = {"list", "dict", "set", "bytearray"} | {
    f"collections.{name}" for name in ("Counter", "OrderedDict", "defaultdict", "deque")
}
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Unseen(NamedTuple):
    """A line that makes results depend on something outside the source.

    Attributes:
        file: its name, without the folder.
        line: from 1.
        what: what is done there, as "it reads by open()".
    """

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what}"


def unseen_inputs(source: Source, class_names: Iterable[str] = ()) -> list[Unseen]:
    """Return what results depend on and their key does not cover, by file and line.

    Args:
        source: that is searched.
        class_names: of the classes whose source it is, and their bases: what these do not use is
            not searched. Without any, all of it is.
    """
    trees = {file: tree for file in source.files if (tree := parsed(file.content)) is not None}
    roots = list(class_names)
    unused = unused_definitions(list(trees.values()), roots) if roots else set()
    return sorted({unseen for item in trees.items() for unseen in _of_file(*item, unused)})


def unseen_by(cls: type | Callable[..., Any]) -> list[Unseen]:
    """Return what results of a learner's, stream's or network's class depend on beside its source.

    A network may be made by a function.
    """
    bases = getattr(cls, "__mro__", (cls,))
    names = [base.__qualname__.partition(".")[0] for base in bases]
    return unseen_inputs(source_of(cls), names)


def _of_file(file: SourceFile, tree: ast.Module, unused: set[ast.AST]) -> Iterator[Unseen]:
    module = _Module(tree)
    at_import = only_decorators(tree)
    for node in run_nodes(tree, unused):
        changed = () if node in at_import else module.changed_by(node)
        for line, what in (*module.read_by(node), *changed):
            yield Unseen(Path(file.path).name, line, what)


class _Module:
    """The names of a module, and what its nodes do with them."""

    def __init__(self, tree: ast.Module) -> None:
        self.imported = _imported(tree)
        self.containers = {n for node in tree.body for n in _containers(node, self)}
        self.classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}

    def full_name(self, node: ast.AST) -> str:
        """The dotted name of `np.load` and the like, with the module's own name; "" if none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.imported.get(node.id, node.id), *reversed(parts)])

    def read_by(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        """What a node reads from outside the program, with its line."""
        outside = OUTSIDE.get(self.full_name(node))
        if outside and isinstance(node, ast.Attribute | ast.Name):
            yield node.lineno, f"reads {outside}"
        if not isinstance(node, ast.Call):
            return
        name = self.full_name(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else name
        module, _, function = name.rpartition(".")
        if function in READING.get(module, ()) or method in READING_METHODS:
            yield node.lineno, f"reads by {name or method}()"
        elif isinstance(node.func, ast.Attribute) and method == "open" and not name:
            yield node.lineno, "reads by open()"
        elif imports_by_name(node) and literal_name(node) is None:
            yield node.lineno, "imports a module whose name is computed"

    def changed_by(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        """What a function changes of its module, with the line."""
        if not isinstance(node, _Function):
            return
        own = _bound_in(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Global):
                yield part.lineno, f"changes the global {', '.join(part.names)}"
            elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
                name = getattr(part.func.value, "id", None)
                if part.func.attr in CHANGING_METHODS and name in self.containers - own:
                    yield part.lineno, f"changes the global {name}"
            elif isinstance(part, ast.Subscript | ast.Attribute) and _is_target(part):
                name = getattr(part.value, "id", None)
                items = isinstance(part, ast.Subscript)
                known = self.containers if items else self.classes | self.imported.keys()
                if name in known - own:
                    yield part.lineno, f"changes the global {name}"


def _imported(tree: ast.Module) -> dict[str, str]:
    """The full name of everything that a module imports, by the name that it has there."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def _containers(node: ast.stmt, module: _Module) -> Iterator[str]:
    """The names that a statement of a module binds to a list, a dictionary or a set."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return
    value = node.value
    called = module.full_name(value.func) if isinstance(value, ast.Call) else ""
    if isinstance(value, _DISPLAYS) or called in _CONTAINERS:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_target(node: ast.Subscript | ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del)


def _bound_in(function: _Function) -> set[str]:
    """Names of a function's own: arguments, and what it assigns to."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [one for one in (arguments.vararg, arguments.kwarg) if one]
    stored = (
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    declared = {
        n for node in ast.walk(function) if isinstance(node, ast.Global) for n in node.names
    }
    return ({one.arg for one in named} | set(stored)) - declared
