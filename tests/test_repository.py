"""What stands in several files of the repository, and in no test of the package, agrees."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from tests.support.pages import ROOT, text_of

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_triggers_and_every_job_a_timeout(path):
    workflow = read(path)
    assert workflow[True]  # YAML reads `on` as a truth value
    assert "permissions" in workflow
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 60, name


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name
)
def test_github_reads_yaml(path):
    assert isinstance(read(path), dict)


def test_the_lowest_python_is_tested():
    jobs = read(".github/workflows/tests.yml")["jobs"]
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert lowest in jobs["tests"]["strategy"]["matrix"]["python-version"]
    (uv,) = [step for step in jobs["lowest"]["steps"] if "setup-uv" in step.get("uses", "")]
    assert uv["with"]["python-version"] == lowest


def test_the_version_is_the_same_everywhere():
    headings = re.findall(r"^## v?(\d+\.\d+\S*)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    pinned = re.findall(r"^plasticity-bench==(.*)$", text_of("leaderboard/requirements.txt"), re.M)
    found = {PROJECT["version"], read("CITATION.cff")["version"], *pinned, *headings[:1]}
    assert pinned
    assert len(found) == 1


def test_the_hooks_ruff_is_the_one_of_the_constraints():
    repos = read(".pre-commit-config.yaml")["repos"]
    (rev,) = [repo["rev"] for repo in repos if repo["repo"].endswith("/ruff-pre-commit")]
    wanted = map(Requirement, PROJECT["optional-dependencies"]["dev"])
    (ruff,) = [requirement for requirement in wanted if requirement.name == "ruff"]
    assert rev.removeprefix("v") in ruff.specifier
    assert f"ruff=={rev.removeprefix('v')}" in (ROOT / "constraints.txt").read_text().splitlines()


def test_the_lock_has_the_versions_of_the_constraints_with_hashes():
    lock = (ROOT / "requirements.lock").read_text()
    entries = re.findall(
        r"^([\w.-]+)==([^\s;]+)[^\\\n]*((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", lock, re.M
    )
    assert len(entries) == len(re.findall(r"^[\w.-]+==", lock, re.M))  # each has hashes
    locked = {_normal(name): version for name, version, _ in entries}
    constraints = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.M)
    wanted = {_normal(name): version for name, version in constraints}
    without = {name: version for name, version in wanted.items() if "torch" not in name[:5]}
    assert {name: locked.get(name) for name in without} == without
    torch = {"torch", "torchvision"}
    assert wanted.keys() - locked.keys() == torch
    for path in WORKFLOWS:
        for line in path.read_text().splitlines():
            if "-c constraints.txt" in line or "-c base/constraints.txt" in line:
                assert "--no-deps" in line and "torch" in line, (path.name, line)


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_owned_paths_exist():
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    assert rules
    for path, *owners in rules:
        assert owners and all(owner.startswith("@") for owner in owners)
        assert path == "*" or (ROOT / path.strip("/")).exists(), path


def test_the_wheel_has_every_package():
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = (path.parent for path in (ROOT / "plasticity_bench").rglob("__init__.py"))
    packages = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(known) == packages | {"plasticity_bench.baselines", "plasticity_bench.suites"}
