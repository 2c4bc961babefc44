"""The device under test: flashing, console, images, deployability."""
