"""The web console. (Room kept for its issue.)"""
