"""Deliver invoices to a PayTraq Purchase Inbox, checked, once, and with proof."""

__version__ = "0.1.0"
