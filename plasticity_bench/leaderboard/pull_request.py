"""The branch and the text of a pull request with an entry: nothing is pushed."""

import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard import page
from plasticity_bench.leaderboard.entry import suite_folder
from plasticity_bench.leaderboard.ranking import Row
from plasticity_bench.leaderboard.rendering import render
from plasticity_bench.suite.suite import Suite

README = "README.md"
BRANCHES = "entry/"
"""How the branches of entries begin."""


@dataclass(frozen=True)
class PullRequest:
    """A pull request that is being prepared.

    Attributes:
        clone: the top of the clone that the entries lie in.
        branch: of the entry, which does not exist yet.
        entries: the folder of the entries of all suites.
        suite: of the entry.
        name: of the entry.
    """

    clone: Path
    branch: str
    entries: Path
    suite: Suite
    name: str

    @property
    def title(self) -> str:
        """The title, and the message of the commit."""
        return f"Entry {self.name} on {suite_folder(self.suite)}"

    def commit(self, folder: Path, notify: Callable[[str], None]) -> str:
        """Commit an entry, and the page of all entries, to the new branch; return the text.

        Args:
            folder: of the entry, which was written.
            notify: called with a sentence for each entry that cannot be shown.

        Raises:
            BadInputError: if git refuses.
        """
        suites = page.latest(page.suites_in(self.entries, [self.suite]))
        tables = page.tables_of(self.entries, suites, notify)
        paths = [folder]
        readme = self.entries.parent / README
        if readme.is_file() and readme.read_text(encoding="utf-8").startswith(page.HEAD):
            readme.write_text(page.page(tables, "markdown") + "\n", encoding="utf-8")
            paths.append(readme)
        _git(self.clone, "switch", "--quiet", "--create", self.branch)
        _git(self.clone, "add", "--", *(str(path.resolve()) for path in paths))
        _git(self.clone, "commit", "--quiet", "--message", self.title)
        shown = tables.get(suite_folder(self.suite))
        rows = shown[1] if shown else page.table_of(self.entries, self.suite, notify)
        return self._text([row for row in rows if row.name == self.name], folder)

    def push_command(self) -> str:
        """Return the command that publishes the branch."""
        remotes = _git(self.clone, "remote").split()
        remote = "origin" if "origin" in remotes or not remotes else remotes[0]
        place = () if Path.cwd().is_relative_to(self.clone) else ("-C", str(self.clone))
        return shlex.join(["git", *place, "push", "--set-upstream", remote, self.branch])

    def _text(self, rows: Sequence[Row], folder: Path) -> str:
        """Title and body, in Markdown."""
        lines = [f"# {self.title}", ""]
        for row in rows:
            part = row.manifest.learner
            lines += [
                f"- Learner: `{part.reference}`, class `{part.class_name}`",
                f"- Authors: {', '.join(row.manifest.authors)}; licence: {row.manifest.licence}",
                f"- Paper: {row.paper or 'none'}",
                "",
                render([row], "markdown"),
                "",
            ]
        place = folder.resolve().relative_to(self.clone).as_posix()
        return "\n".join(
            [*lines, "Made by `plasticity-bench submit`. To check it:", ""]
            + [f"    {shlex.join(['plasticity-bench', verb, place])}" for verb in _CHECKS]
        )


_CHECKS = ("validate", "verify")


def prepare(entries: Path, suite: Suite, name: str) -> PullRequest:
    """Return the pull request of an entry that is about to be written; nothing is changed yet.

    Args:
        entries: the folder of the entries of all suites, in a clone.
        suite: of the entry.
        name: of the entry.

    Raises:
        BadInputError: if git is not there, the folder is in no clone, something there is not
            committed, or the branch exists.
    """
    present = next(path for path in (entries, *entries.resolve().parents) if path.is_dir())
    if not (top := _git(present, "rev-parse", "--show-toplevel", check=False).strip()):
        raise BadInputError(
            f"--pull-request: {entries} is in no clone of a repository; give --output a folder in "
            "a clone of the leaderboard."
        )
    clone = Path(top).resolve()
    changed = _git(clone, "status", "--porcelain", "--untracked-files=no")
    changed += _git(present, "status", "--porcelain", "--", ".") if present == entries else ""
    if changed:
        raise BadInputError(
            f"--pull-request: {changed.splitlines()[0][3:]} in {clone} has changes that are not "
            "committed: commit, stash or remove them."
        )
    current = _git(clone, "branch", "--show-current", check=False).strip()
    if current.startswith(BRANCHES):
        raise BadInputError(
            f"--pull-request: {clone} is on the branch of another entry, {current}, which this one "
            "would contain: `git switch` to the main branch."
        )
    branch = f"{BRANCHES}{suite_folder(suite)}/{name}"
    if not _git(clone, "check-ref-format", "--branch", branch, check=False):
        raise BadInputError(f"--pull-request: {branch} cannot be a branch: choose another --name.")
    if _git(clone, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False):
        raise BadInputError(
            f"--pull-request: the branch {branch} exists: remove it with `git branch -D`, or "
            "choose another --name."
        )
    if not _git(clone, "var", "GIT_AUTHOR_IDENT", check=False):
        raise BadInputError(
            "--pull-request: git does not know who you are: set user.name and user.email with "
            "`git config`."
        )
    page.suites_in(entries, [suite])  # a suite that is unknown is told of before anything changes
    return PullRequest(clone, branch, entries, suite, name)


def _git(place: Path, *arguments: str, check: bool = True) -> str:
    """What git prints; empty if it fails and that is no error."""
    try:
        done = subprocess.run(
            ["git", "-C", str(place), *arguments], check=False, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise BadInputError("--pull-request needs git, which is not installed.") from None
    if done.returncode == 0:
        return done.stdout
    if not check:
        return ""
    told = (done.stderr or done.stdout).strip().splitlines() or ["it failed"]
    raise BadInputError(f"git {arguments[0]}: {told[-1].removeprefix('fatal: ')}")
