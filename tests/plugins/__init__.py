"""Tests of how plugins are found."""
