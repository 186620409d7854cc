"""An answer that is remembered for a while."""

from __future__ import annotations

import asyncio

import pytest

from dashboards.remembered import Remembered


class Asked:
    """Answers with how often it was asked, after a turn of the loop; fails while it is told to."""

    def __init__(self) -> None:
        self.times = 0
        self.is_away = False

    async def ask(self) -> int:
        await asyncio.sleep(0)
        if self.is_away:
            raise ConnectionError
        self.times += 1
        return self.times


def test_who_asks_while_it_is_being_asked_for_waits_for_the_same_answer() -> None:
    async def body() -> None:
        asked = Asked()
        remembered = Remembered(asked.ask, for_s=3600.0)
        assert await asyncio.gather(*(remembered.now() for _ in range(5))) == [1] * 5
        assert await remembered.now() == 1

    asyncio.run(body())


def test_an_answer_that_is_too_old_is_asked_for_anew_and_an_error_is_not_remembered() -> None:
    async def body() -> None:
        asked = Asked()
        remembered = Remembered(asked.ask, for_s=0.0)
        assert [await remembered.now(), await remembered.now()] == [1, 2]
        asked.is_away = True
        with pytest.raises(ConnectionError):
            await remembered.now()
        asked.is_away = False
        assert await remembered.now() == 3

    asyncio.run(body())
