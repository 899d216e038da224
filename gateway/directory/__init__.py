"""Users, targets, credentials, rules and grants: the settings a session is frozen from."""
