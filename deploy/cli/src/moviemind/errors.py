"""What a command may end with: one line that says what is wrong and one that says what to do."""


class CliError(Exception):
    """A failure the caller can act on.

    `message` says what is wrong, `hint` what to do next. Shown on stderr without a stack trace; the process ends with
    `exit_code`, never 0.
    """

    def __init__(self, message: str, hint: str = "", *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
