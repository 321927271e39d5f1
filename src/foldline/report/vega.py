"""Vega's scripts as one text, for pages that need no network."""

from functools import cache

import vl_convert

SNIPPET = "window.vegaEmbed = vegaEmbed; window.vega = vega; window.vegaLite = vegaLite;"


@cache
def vega_script() -> str:
    """A `<script>` after which `vegaEmbed` is there (0.9 MB).

    In a function of its own, so that the bundle's short names do not meet those of the page.
    """
    scripts = vl_convert.javascript_bundle(SNIPPET).replace("</script", "<\\/script")
    return f"<script>(function () {{{scripts}}})();</script>"
