"""Text as it is shown."""


def printable(text: str) -> str:
    r"""Return a text with escapes in place of what a terminal would obey, such as a newline.

    >>> printable("a\n\x1b[2J")
    'a\\n\\x1b[2J'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
