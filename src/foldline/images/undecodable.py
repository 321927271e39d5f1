"""What any decoder says of an image that it cannot read."""


class Undecodable(Exception):
    """Why an image cannot be read, in words that are the same on every machine."""
