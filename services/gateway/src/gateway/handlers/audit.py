"""`GET /api/v1/admin/audit`: who changed what."""

import orjson
from fastapi import APIRouter, Depends, Request, Response

from gateway.http import admin_documentation, admin_documents
from gateway.http.admin_access import AdminAccess, Role
from gateway.http.documentation import documented
from gateway.usecases.read_dead_letters import ReadAudit


def router(*, access: AdminAccess, read: ReadAudit) -> APIRouter:
    router = APIRouter(prefix="/api/v1/admin/audit", tags=["Administration"])
    viewer = Depends(access.require(Role.VIEWER))

    @router.get("", summary="Who changed what", dependencies=[viewer], **documented(admin_documentation.AUDIT))
    async def list_entries(request: Request) -> Response:
        """Entries are never altered."""
        asked = admin_documents.audit_filter(request.query_params)
        found = admin_documents.audit_page(await read(asked), asked)
        return Response(orjson.dumps(found), media_type="application/json")

    return router
