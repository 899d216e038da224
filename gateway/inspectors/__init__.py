"""The file inspectors that ship with the gateway. (Room kept for its issue.)"""
