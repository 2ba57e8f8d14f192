"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No test depends on how long something takes, on a busy machine least of all.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
