"""Where things are: configuration, lease, and the state machine that keeps power safe."""
