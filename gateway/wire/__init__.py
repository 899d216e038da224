"""SSH as it must be spoken, over Twisted Conch.

May be here: packets, algorithms, key exchange, the login queue, channels with credit windows.
May never be here: who may do what; anything of a session's meaning.
"""
