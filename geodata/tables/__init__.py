"""From raw deliveries to the core tables: exposure, its estimates, sites and their doubles."""
