"""The register: signals, activations, referrals, plans, contacts and other work, as append-only events.

Read through `geodata.access.ScopedStore`; write through `geodata.register.write`. Content can be erased
for good while the chain of events still verifies (`geodata.register.chain`).
"""
