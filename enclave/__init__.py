"""The room: a process of its own that alone holds keys, data, ledger and log; it decides, charges, releases, signs."""
