"""The operators' door and the way to targets."""
