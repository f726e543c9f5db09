"""Training of the network: batches, augmentation, validation, callbacks."""
