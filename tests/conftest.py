"""For all rings: how property tests are run, and in which language commands speak."""

import os

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)  # a machine under load is slow, and no example is wrong by that
settings.load_profile("no-deadline")
os.environ["LC_ALL"] = "C.UTF-8"  # a developer's own locale decides nothing here
