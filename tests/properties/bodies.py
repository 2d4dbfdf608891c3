"""What a reader is shown: a body that begins with the version of its entity."""

from tests.support.fakes.entities import FakeEntities
from tests.support.fakes.responses import variant_of

from gateway.read_ports import Choice, Entity, Representation, StoredText, Wanted
from gateway.usecases.read_entity import select_text
from shared.entities import Locale
from shared.testing.database import FakeDatabase
from shared.testing.rows import EntityRow

WANTED = (Wanted(), Wanted(locale=Locale.EN))
"""What readers ask for."""


def render_detail(
    entity: Entity, wanted: Wanted, text: StoredText | None, others: tuple[Choice, ...]
) -> Representation:
    """Implements `RenderDetail`."""
    body = f"{entity.version}|{entity.default_text_id}|{text.id if text else None}|{text.text if text else ''}"
    return Representation(f'"{entity.version}"', body.encode())


def version_of(body: bytes) -> int:
    """The entity's version in a body."""
    return int(body.partition(b"|")[0])


def fresh_body(database: FakeDatabase, row: EntityRow, variant: str) -> bytes:
    """What a reader without a cache would get now."""
    entity = FakeEntities(database).entity(row)
    wanted = next(one for one in WANTED if variant_of(one) == variant)
    return render_detail(entity, wanted, select_text(entity, wanted), ()).body
