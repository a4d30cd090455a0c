"""The one database for people, profiles and the register: engine, migrations, who is looking."""
