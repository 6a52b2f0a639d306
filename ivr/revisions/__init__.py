"""What is live, what was live, and how Asterisk is made to take it over."""
