"""For all rings: how property tests are run."""

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)  # a machine under load is slow, and no example is wrong by that
settings.load_profile("no-deadline")
