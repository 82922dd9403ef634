"""What the detector is measured against: memberlist, and the Lifeguard paper's steps towards it."""
