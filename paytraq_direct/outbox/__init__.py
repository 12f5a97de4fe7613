"""The outbox: a durable ledger of deliveries and attempts, and the guard against sending twice."""
