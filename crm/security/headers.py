"""What every answer tells the browser about safety: a strict Content-Security-Policy, and the like."""

import secrets

from flask import Flask, Response, g

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


#: A page that shows mails: their bodies stand in frames of their own.
FRAMING = "; frame-src 'self'"
#: The body of a mail: nothing runs, nothing is loaded, and only our own pages put it into a frame.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def csp_nonce() -> str:
    """The nonce of this request, which its own scripts carry."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


def policy(framing: bool = False) -> str:
    """The policy of our own pages. framing: the page shows frames of ours."""
    return POLICY.format(nonce=csp_nonce()) + (FRAMING if framing else "")


def init_app(app: Flask) -> None:
    """Add the headers to every answer; one that a view has set itself stays."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy())
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            # who asks decides what is answered, so that nobody else may be given it
            again = "no-cache" if "ETag" in response.headers else "no-store"
            response.headers["Cache-Control"] = f"private, {again}"
        return response
