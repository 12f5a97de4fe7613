"""The Payt family: invoices to Payt, which mails them to debtors and chases them."""
