"""Tests of the inspectors that ship."""
