"""The comment section for a publisher's page: its sources, and the one script that is made of them."""
