from acme_inspector import Factory

factory = Factory()
