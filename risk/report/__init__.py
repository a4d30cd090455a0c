"""The accountability report and the meeting sheet: tables in, documents out (Word, PDF, one HTML file)."""
