"""How plugins are found and named. (Room kept for its issue.)"""
