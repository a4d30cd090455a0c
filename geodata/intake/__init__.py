"""What a user hands over: files read, judged and brought to the tables' form."""
