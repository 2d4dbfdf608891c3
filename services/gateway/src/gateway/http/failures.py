"""A failed job as its reader sees it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.http.languages import Language
from gateway.http.messages import Sentences, five, kind_name
from shared.entities import KINDS, EntityKind
from shared.jobs import Failure, FailureType, Suggestion

SHORT_MESSAGES: Mapping[FailureType, str] = MappingProxyType(
    {
        FailureType.NOT_FOUND: "The requested {kind} was not found",
        FailureType.AI_API_ERROR: "The AI provider returned an error",
        FailureType.VALIDATION_ERROR: "The generated text did not pass validation",
        FailureType.TIMEOUT: "The job did not finish in time",
        FailureType.RATE_LIMITED: "The AI provider throttled the requests",
        FailureType.BUDGET_EXHAUSTED: "The generation budget is exhausted",
        FailureType.UNKNOWN_ERROR: "An unexpected error occurred",
    }
)
USER_MESSAGES: Mapping[FailureType, Sentences] = MappingProxyType(
    {
        FailureType.NOT_FOUND: five(
            "This {kind} could not be found.",
            "Nie znaleziono: {kind}.",
            "Nicht gefunden: {kind}.",
            "Introuvable : {kind}.",
            "No encontrado: {kind}.",
        ),
        FailureType.AI_API_ERROR: five(
            "The text could not be written because the AI provider had an error. Please try again later.",
            "Nie udało się napisać tekstu z powodu błędu dostawcy AI. Spróbuj ponownie później.",
            "Der Text konnte wegen eines Fehlers beim KI-Anbieter nicht geschrieben werden. Bitte später erneut versuchen.",
            "Le texte n'a pas pu être rédigé à cause d'une erreur du fournisseur d'IA. Réessayez plus tard.",
            "No se pudo escribir el texto por un error del proveedor de IA. Inténtelo más tarde.",
        ),
        FailureType.VALIDATION_ERROR: five(
            "The text that was written did not pass our checks. Please try again.",
            "Napisany tekst nie przeszedł naszej kontroli. Spróbuj ponownie.",
            "Der geschriebene Text hat unsere Prüfung nicht bestanden. Bitte erneut versuchen.",
            "Le texte rédigé n'a pas passé nos contrôles. Réessayez.",
            "El texto escrito no superó nuestras comprobaciones. Inténtelo de nuevo.",
        ),
        FailureType.TIMEOUT: five(
            "The job took too long and was stopped. Please try again.",
            "Zadanie trwało zbyt długo i zostało przerwane. Spróbuj ponownie.",
            "Der Auftrag hat zu lange gedauert und wurde beendet. Bitte erneut versuchen.",
            "La tâche a duré trop longtemps et a été arrêtée. Réessayez.",
            "El trabajo duró demasiado y se detuvo. Inténtelo de nuevo.",
        ),
        FailureType.RATE_LIMITED: five(
            "Too many requests at the moment. Please try again later.",
            "W tej chwili jest zbyt wiele żądań. Spróbuj ponownie później.",
            "Zurzeit gibt es zu viele Anfragen. Bitte später erneut versuchen.",
            "Trop de requêtes pour le moment. Réessayez plus tard.",
            "Hay demasiadas peticiones en este momento. Inténtelo más tarde.",
        ),
        FailureType.BUDGET_EXHAUSTED: five(
            "The generation budget is used up. Please try again later.",
            "Budżet na generowanie został wyczerpany. Spróbuj ponownie później.",
            "Das Budget für die Texterzeugung ist aufgebraucht. Bitte später erneut versuchen.",
            "Le budget de génération est épuisé. Réessayez plus tard.",
            "El presupuesto de generación se ha agotado. Inténtelo más tarde.",
        ),
        FailureType.UNKNOWN_ERROR: five(
            "Something went wrong. Please try again.",
            "Coś poszło nie tak. Spróbuj ponownie.",
            "Etwas ist schiefgegangen. Bitte erneut versuchen.",
            "Une erreur est survenue. Réessayez.",
            "Algo salió mal. Inténtelo de nuevo.",
        ),
    }
)

DID_YOU_MEAN = five(
    "Did you mean one of these?",
    "Czy chodziło o jedną z tych pozycji?",
    "War eines davon gemeint?",
    "Vouliez-vous dire l'un de ceux-ci ?",
    "¿Quiso decir uno de estos?",
)


def failure_body(failure: Failure, kind: EntityKind, language: Language) -> dict[str, Any]:
    """The failure document: `message` in English, `user_message` in `language`."""
    user_message = USER_MESSAGES[failure.type][language].format(kind=kind_name(language, kind))
    body: dict[str, Any] = {
        "type": failure.type,
        "message": SHORT_MESSAGES[failure.type].format(kind=kind_name(Language.EN, kind)),
        "technical_message": failure.technical_message,
        "user_message": user_message,
    }
    if failure.suggestions:
        body["user_message"] = f"{user_message} {DID_YOU_MEAN[language]}"
        body["suggested_slugs"] = [suggestion_body(item, kind) for item in failure.suggestions[:5]]
    return body


def suggestion_body(suggestion: Suggestion, kind: EntityKind) -> dict[str, Any]:
    """A near match under the member names of its kind; `director` only where it is known."""
    names = KINDS[kind]
    body: dict[str, Any] = {"slug": suggestion.slug, names.title: suggestion.title, names.year: suggestion.year}
    return body | ({"director": suggestion.director} if suggestion.director else {})
