"""What the monitoring reads."""
