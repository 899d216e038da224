"""The console and the API, on a node in memory."""
