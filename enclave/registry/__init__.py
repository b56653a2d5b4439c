"""What is in force: trusted parties, datasets and their versions, signed agreements, holds. Each change is a leaf.

The room believes what is signed. Keys of parties enter through the operator's `enclave trust` alone; an agreement
enters when both parties' signatures verify under those keys; the front can add neither.
"""
