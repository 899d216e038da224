"""pam.toml: every key, every refusal, and the reference that is written from the schema."""
