"""The local twin of a PayTraq Purchase Inbox, to rehearse with before the first real delivery."""
