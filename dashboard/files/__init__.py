"""What is shown, as files that leave the product."""
