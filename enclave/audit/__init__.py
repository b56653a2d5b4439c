"""All that the room signs (Art. 26): keys, the log's tree, receipts."""
