"""What a server bears; safe for one that everybody reaches."""

from typing import NamedTuple


class Limits(NamedTuple):
    """The bounds of a server. All times are in seconds.

    Attributes:
        deadline: From the end of a request to its answer; later ones are refused.
        longest: Tokens of a sentence. Its time grows with them, and no other work gets in between.
        queue: Tokens that may wait for the model, of all requests.
        batching: Whether sentences of different requests go through the model together.
        receive: For a client to send a request, headers and body, and to take the answer.
        idle: That a connection is kept without a request.
        connections: How many may wait for their client. One more closes the one that has waited
            longest.
        peer: Connections of one address, likewise.
    """

    deadline: float = 10.0
    longest: int = 1000
    queue: int = 100_000
    batching: bool = True
    receive: float = 10.0
    idle: int = 5
    connections: int = 512
    peer: int = 256
