"""Tests of one exchange over real sockets."""
