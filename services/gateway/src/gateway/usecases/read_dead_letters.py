"""Look at dead letters, and at who dealt with them."""

from uuid import UUID

from gateway.admin_ports import (
    Audit,
    AuditFilter,
    AuditPage,
    DeadLetters,
    LetterContent,
    LetterFilter,
    LetterPage,
)


class ReadDeadLetters:
    """Reads change nothing and leave no audit entry."""

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters

    async def page(self, asked: LetterFilter) -> LetterPage:
        """Raises Unavailable("postgres")."""
        return await self._letters.page(asked)

    async def one(self, letter_id: UUID) -> LetterContent | None:
        """Raises Unavailable("postgres")."""
        return await self._letters.get(letter_id)


class ReadAudit:
    """What administrators changed."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def __call__(self, asked: AuditFilter) -> AuditPage:
        """Raises Unavailable("postgres")."""
        return await self._audit.page(asked)
