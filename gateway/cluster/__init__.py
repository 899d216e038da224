"""Journals exchanged between nodes. (Room kept for its issue.)"""
