"""Progress is shown to people, not to logs."""

import io

from foldline.files.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_no_bar_and_a_terminal_none_of_what_is_done_at_once() -> None:
    log, terminal = io.StringIO(), Terminal()
    assert list(progress(range(3), file=log, delay=0)) == [0, 1, 2]
    assert list(progress(range(3), desc="quick", file=terminal)) == [0, 1, 2]
    assert log.getvalue() == ""
    assert "quick" not in terminal.getvalue()


def test_a_terminal_gets_one_of_what_takes_longer() -> None:
    terminal = Terminal()
    assert list(progress(range(3), desc="slow", file=terminal, delay=0)) == [0, 1, 2]
    assert "slow: " in terminal.getvalue()
