"""The admins' verbs (one implementation) and their doors: ssh, pamctl."""
