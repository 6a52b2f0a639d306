"""Reports as values, printed: text, JSON, tables and pages."""
