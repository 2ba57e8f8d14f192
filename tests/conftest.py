"""What holds for every test."""

import os

from hypothesis import HealthCheck, settings

# Words are compared, whatever the language of whoever runs the tests.
os.environ |= {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}

# No test depends on how long something takes, on a busy machine least of all.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
