from tests.kaggle.conftest import served, server

__all__ = ["served", "server"]
