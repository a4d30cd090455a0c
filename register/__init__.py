"""The register: signals, activations, referrals, plans, contacts and other work, as append-only events.

Read through `door.store.ScopedStore`; write through `register.record`. Content can be erased
for good while the chain of events still verifies (`register.chain`).
"""
