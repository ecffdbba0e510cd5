"""The loop: poll -> keep -> judge -> record -> enqueue. It knows ports, never adapters."""
