"""The one rule for names: what is shown can be told apart, and can be typed again.

Labels, ids, values of hyperparameters, and paths that are given may not have characters that cannot
be seen: two names that look alike would be two learners, and results stored under one would not be
found under the other.
"""

import re
import unicodedata
from pathlib import Path

from plasticity_bench.errors import BadInputError

_BLANK = {
    *("\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"),
    *map(chr, range(0x180B, 0x180F)),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}
"""Letters and marks that are shown as nothing."""

_LOOK_LATIN = frozenset(
    # Greek: capitals, then iota, nu, omicron, rho, lunate sigma, Greek j
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03b9\u03bd\u03bf\u03c1\u03f2\u03f3"
    # Cyrillic: capitals, then small letters
    "\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u04c0"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u0475\u04bb\u04cf\u0501\u051b\u051d"
)
"""Letters of Greek and Cyrillic that are drawn as Latin ones."""

_CONTROL = {"\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\x00": "NULL"}


def check_name(text: str, what: str, key: str | None = None) -> str:
    """Return a name in which every character can be seen.

    Args:
        text: the name.
        what: the name is of, to begin a sentence with: "The label".
        key: of the parameter that it is given by.

    Raises:
        BadInputError: if it has another character, begins or ends with a space, or has a letter
            that is composed of several characters where there is one.
    """
    check_path(text, what, key)
    if text != unicodedata.normalize("NFC", text):
        raise BadInputError(
            f"{what} {text!r} has letters that are composed of several characters, and looks like "
            "another name: write each as one character (Unicode's form NFC).",
            key=key,
        )
    return text


def check_path(text: str, what: str, key: str | None = None) -> str:
    """As `check_name`, for names of files, whose letters a file system may compose."""
    check_visible(text, what, key)
    if text != text.strip(" "):
        raise BadInputError(
            f"{what} {text!r} begins or ends with a space, which cannot be seen: remove it.",
            key=key,
        )
    return text


def check_visible(text: str, what: str, key: str | None = None) -> str:
    """As `check_name`, for text that may begin and end with spaces, such as an argument."""
    for character in text:
        if is_invisible(character):
            raise BadInputError(
                f"{what} {text!r} contains {described(character)}, which cannot be seen: use "
                "letters, digits, punctuation and plain spaces.",
                key=key,
            )
    return text


def check_names(value: object, what: str, key: str | None = None) -> None:
    """Check every string in nested lists and dictionaries. Arguments and errors as `check_name`."""
    if isinstance(value, str):
        check_name(value, what, key)
    elif isinstance(value, dict):
        for name, entry in value.items():
            check_names(name, what, key)
            check_names(entry, what, key)
    elif isinstance(value, list | tuple):
        for entry in value:
            check_names(entry, what, key)


def given_path(text: str) -> Path:
    """Return the path that an option gives, `~` expanded.

    Raises:
        BadInputError: if it is empty, has a character that cannot be seen, or begins with `~` and
            there is no such home folder.
    """
    if not text:
        raise BadInputError("A path is empty.")
    check_path(text, "The path")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise BadInputError(f"The path {text!r}: there is no such home folder.") from None


def is_invisible(character: str) -> bool:
    """Return whether a character cannot be seen, or cannot be told from a space."""
    category = unicodedata.category(character)
    is_other_space = category in ("Zs", "Zl", "Zp") and character != " "
    return is_other_space or category in ("Cc", "Cf", "Cs", "Cn") or character in _BLANK


def described(character: str) -> str:
    """Return a character's code and name.

    >>> described(chr(0xA0)), described(chr(9))
    ('U+00A0 NO-BREAK SPACE', 'U+0009 TAB')
    """
    name = _CONTROL.get(character) or unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} {name}"


def look_alike(text: str) -> str:
    """Return the first letter that is drawn as a Latin one, in a word with Latin letters.

    Empty if there is none. Words in one script are not objected to.

    >>> described(look_alike("\u0430dam")), look_alike("\u0430 adam \u03b22")
    ('U+0430 CYRILLIC SMALL LETTER A', '')
    """
    for word in re.findall(r"[^\W\d_]+", text):
        if re.search("[A-Za-z]", word) and (found := sorted(_LOOK_LATIN & set(word))):
            return found[0]
    return ""
