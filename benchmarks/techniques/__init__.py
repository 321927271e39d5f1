"""What each technique is worth on real images: docs/techniques.md."""
