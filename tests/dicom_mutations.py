"""The mutants of the DICOM fuzz, each made from its number and a seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests import dicom_bad_requests as requests
from tests import dicom_bad_streams as streams

Mutant = requests.Request | streams.Stream


def mutant(seed: int, number: int) -> Mutant:
    """The same for the same numbers."""
    random = Random(f"{seed}-{number}")
    return random.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0](random)


_WEIGHTS: dict[Callable[[Random], Mutant], int] = {
    requests.bad_image: 300,
    requests.bad_image_bytes: 120,
    requests.path_trick: 40,
    requests.empty_image: 20,
    requests.bomb: 4,
    requests.bad_find: 80,
    requests.bad_retrieve: 40,
    requests.bad_step: 80,
    requests.bad_commitment: 40,
    streams.bad_command: 30,
    streams.cut: 30,
    streams.wrong_length: 30,
    streams.unknown_pdu: 30,
    streams.abort_in_the_middle: 30,
    streams.wrong_context: 20,
    streams.odd_fragments: 30,
    streams.noise: 40,
    streams.odd_association: 40,
}
