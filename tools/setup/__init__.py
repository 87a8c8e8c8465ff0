"""Set up a checkout: the locked Python environment and the Pulumi engine.

Runs on a bare Python (standard library only), as `python3 -m tools.setup` from the root of the
checkout. Running it again is cheap: what is in place is recognised by stamps inside `.venv`.

    .venv/          the environment: requirements.lock, and this checkout, editable
    .venv/engine    link to the folder that holds `pulumi` and its language hosts
"""
