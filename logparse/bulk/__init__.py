"""Reading many pages at once, as arrays. `logparse.reading` reads pages that are not of the common form.

The modules, from the lowest: `scan` finds the entries of all pages in one buffer, `checks` holds status
checks as columns, `fold` reads the entries of a page, `pages` makes the invocation.
"""

from logparse.bulk.pages import read_pages

__all__ = ["read_pages"]
