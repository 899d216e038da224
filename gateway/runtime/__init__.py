"""What runs a session under Twisted: its flow, its order of gates, its recording, the roster.

May never be here: where policies come from. A running session sees its Grant and immediate orders only.
"""
