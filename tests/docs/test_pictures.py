"""Pictures of the documentation are those of the results and the code of today."""

import json

import pytest

from benchmarks import pictures


def test_no_picture_is_older_than_what_it_is_made_from():
    assert [str(old) for old in pictures.old_pictures()] == []


def test_every_picture_has_an_origin():
    there = {path.name for path in pictures.DOCS.glob("*.png")}
    assert there == set(pictures.INPUTS)
    for picture in pictures.INPUTS:
        assert len(pictures.hashes(picture)) >= len(pictures.INPUTS[picture])


@pytest.mark.parametrize("changed", ["input", "picture", "new"])
def test_what_is_old_is_named_with_the_command(tmp_path, monkeypatch, changed):
    record = json.loads(pictures.RECORD.read_text())
    if changed == "input":
        record["quick.png"]["inputs"]["suites/quick.yaml"] = "0" * 64
    elif changed == "picture":
        record["quick.png"]["sha256"] = "0" * 64
    else:
        del record["quick.png"]["inputs"]["suites/quick.yaml"]
    monkeypatch.setattr(pictures, "RECORD", tmp_path / "pictures.json")
    pictures.RECORD.write_text(json.dumps(record))
    reason = "was made in another way than its record says"
    if changed != "picture":
        reason = "is older than suites/quick.yaml"
    expected = f"docs/quick.png {reason}: run `python -m benchmarks.pictures`."
    assert [str(old) for old in pictures.old_pictures()] == [expected]
