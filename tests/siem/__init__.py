"""Tests of gateway/siem."""
