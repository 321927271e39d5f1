"""What each technique is worth on real images: docs/techniques.md."""

import pipelines  # noqa: F401  Puts this checkout's own code first on the path, also in a copy of the checkout.
