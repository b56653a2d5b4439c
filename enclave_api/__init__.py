"""The front: accounts and the JSON API. It holds no row, no key and no budget; the room behind the socket decides."""
