"""Builds whose names and texts attack the reader of a page, or of a spreadsheet."""

from __future__ import annotations

from typing import Any, Final

#: Names that are HTML, script, a formula, the end of an element, and signs that turn text around.
NAMES: Final = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    '=HYPERLINK("https://evil.example","click")',
    "'quoted",
    "safe\u202egnp.exe",
    '"><svg onload=alert(3)>',
    "{{constructor}} ${alert(4)} <!--{data}-->",
    "__proto__",
    "constructor",
)
#: Addresses that must not be links.
ADDRESSES: Final = (
    "javascript:alert(5)",
    "data:text/html,<script>alert(6)</script>",
    " javascript:alert(7)",
    "https://ok.example/<b>",
    "file:///etc/passwd",
    "https://",
    "http://ok.example/b/1",
    "https://ok.example/?q=javascript:alert(8)",
    "ftp://ok.example/",
)


#: Names that objects of JavaScript have, too. They are the whole ids of their builders.
_PROPERTIES: Final = ("__proto__", "constructor")


def builder_id(name: str) -> str:
    """The builder of a name."""
    return name if name in _PROPERTIES else f"p/ci/{name}"


def _build(number: int, name: str, address: str) -> dict[str, Any]:
    return {
        "id": str(8_800_000_000_000_000_000 - number * 10**12),
        "builder": {"builder": name}
        if name in _PROPERTIES
        else {"project": "p", "bucket": "ci", "builder": name},
        "number": number,
        "createTime": f"2024-06-0{number + 1}T09:00:00Z",
        "startTime": f"2024-06-0{number + 1}T09:00:05Z",
        "endTime": f"2024-06-0{number + 1}T10:00:05Z",
        "status": "FAILURE",
        "summaryMarkdown": name,
        "viewUrl": address,
        "infra": {
            "swarming": {"botDimensions": [{"key": "id", "value": name}, {"key": "pool", "value": name}]}
        },
    }


HOSTILE_BUILDS: Final = [
    _build(number, name, address) for number, (name, address) in enumerate(zip(NAMES, ADDRESSES, strict=True))
]
