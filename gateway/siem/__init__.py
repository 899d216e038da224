"""Where facts leave the node for a SIEM. (Room kept for its issue.)"""
