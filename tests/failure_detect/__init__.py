"""Tests of failure_detect."""
