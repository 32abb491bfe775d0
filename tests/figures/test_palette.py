"""Learners' colours can be seen on their paper, and told apart with any kind of colour vision."""

import itertools
import re
from importlib import resources

import numpy as np
import pytest

from plasticity_bench.figures import paper_figure

# Machado, Oliveira and Fernandes (2009), severity 1: what readers see who lack one kind of cones.
VISIONS = {
    "all cones": np.eye(3),
    "no red cones": [
        *([0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216]),
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        *([0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413]),
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        *([1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602]),
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = np.array([0.9505, 1.0, 1.089])


def themes():
    """Each palette with the paper that it is on."""
    web = resources.files("plasticity_bench.report") / "web"
    style = (web / "style.css").read_text(encoding="utf-8")
    light, dark = style.split(':root[data-theme="dark"]')
    of_page = [re.findall(r"--c\d: (#\w{6})", part) for part in (light, dark)]
    paper = [re.search(r"--page: (#\w{6})", part).group(1) for part in (light, dark)]
    return {
        "figures": (paper_figure.COLOURS, "#ffffff"),
        "light": (of_page[0], paper[0]),
        "dark": (of_page[1], paper[1]),
    }


def linear(colour):
    part = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(light):
    """CIELAB, in which a distance of 2.3 is just noticeable."""
    parts = np.array(TO_XYZ) @ np.clip(light, 0, 1) / WHITE
    x, y, z = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    """As the Web Content Accessibility Guidelines define it."""
    low, high = sorted(float(np.dot(TO_XYZ[1], linear(c))) + 0.05 for c in (one, other))
    return high / low


def test_these_formulas_agree_with_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert lab(linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.2], abs=0.1)


@pytest.mark.parametrize("name", ["figures", "light", "dark"])
def test_colours_can_be_seen_and_told_apart(name):
    colours, paper = themes()[name]
    assert len(colours) == 8
    assert min(contrast(colour, paper) for colour in colours) >= 3  # of graphics; text needs 4.5
    for vision, matrix in VISIONS.items():
        seen = [lab(np.array(matrix) @ linear(colour)) for colour in colours]
        for (i, one), (j, other) in itertools.combinations(enumerate(seen), 2):
            assert np.linalg.norm(one - other) > 15, (vision, colours[i], colours[j])


def test_figures_and_the_light_page_have_the_same_colours():
    assert list(paper_figure.COLOURS) == themes()["light"][0]
