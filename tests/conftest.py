"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("gradloop", deadline=None)  # a busy machine is no fault
settings.load_profile("gradloop")
