"""How hypothesis works here: without a deadline, because a busy machine is not a defect."""

from hypothesis import settings

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")
