"""What `hotline doctor` looks at; each check gives findings, none stops at the first."""
