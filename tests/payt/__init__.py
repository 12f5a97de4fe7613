"""Tests of the Payt family."""
