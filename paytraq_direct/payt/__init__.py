"""Payt: the other family, in which Payt mails a supplier's invoices to its debtors and chases them."""
