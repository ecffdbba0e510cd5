"""Pages on paper: HTML to PDF with weasyprint. The only module that knows it."""

from __future__ import annotations

from gateway.core.errors import VigieError


def to_pdf(html: str) -> bytes:
    """A whole HTML document with its style in it as PDF. Nothing is fetched: the document must be complete in itself.

    Raises VigieError where weasyprint or its system libraries (pango) are missing.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # OSError: pango cannot be loaded
        reason = str(error).splitlines()[0]
        raise VigieError(
            f"PDF cannot be made: {reason}", remedy="install vigie[desk] and the Debian package libpango-1.0-0"
        ) from error
    fetcher = URLFetcher(allowed_protocols=())
    pdf = HTML(string=html, url_fetcher=fetcher).write_pdf(pdf_tags=True)
    return bytes(pdf or b"")
