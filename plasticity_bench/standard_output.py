"""Standard output is for data, such as a table as CSV; what users' code prints goes elsewhere."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def kept_for_data() -> Iterator[None]:
    """Return a context, or a decorator, in which what is printed goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
