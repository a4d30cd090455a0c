"""Recording a visit without a network: a plain page that keeps what is typed on the phone, and what receives it."""
