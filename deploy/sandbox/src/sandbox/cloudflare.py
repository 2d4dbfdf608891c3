"""The pages of Cloudflare, which stands before Trakt and OMDb and answers when they do not."""

from starlette.responses import Response

PAGES = frozenset({502, 503, 504, 520, 521, 522})
_REASONS = {
    502: "Bad gateway", 503: "Service Temporarily Unavailable", 504: "Gateway time-out",
    520: "Web server is returning an unknown error", 521: "Web server is down", 522: "Connection timed out",
}  # fmt: skip


def page(host: str, status: int, headers: dict[str, str]) -> Response:
    """The page of a status, by the name that Cloudflare documents for it (its "5xx errors")."""
    reason = _REASONS.get(status, "Error")
    body = (
        f'<!DOCTYPE html>\n<html class="no-js" lang="en-US">\n<head>\n<title>{host} | {status}: {reason}</title>\n'
        '<meta charset="UTF-8" />\n</head>\n<body>\n<div id="cf-wrapper">\n<h1><span class="inline-block">'
        f'{reason}</span> <span class="code-label">Error code {status}</span></h1>\n</div>\n</body>\n</html>\n'
    )
    marks = {"server": "cloudflare", "cf-ray": "81f306648c6ab0ed-WAW"}
    return Response(body, status, headers | marks, "text/html; charset=UTF-8")
