"""Every sentence that a reader sees, in all five languages. `{…}` are filled by `say`."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.http.languages import Language
from shared.entities import KINDS, EntityKind

Sentences = Mapping[Language, str]


def five(en: str, pl: str, de: str, fr: str, es: str) -> Sentences:
    """One sentence in every language."""
    return MappingProxyType(dict(zip(Language, (en, pl, de, fr, es), strict=True)))


MESSAGES: Mapping[str, Sentences] = MappingProxyType(
    {
        "malformed-json": five(
            "The request body is not valid JSON.",
            "Treść żądania nie jest poprawnym JSON-em.",
            "Der Anfragetext ist kein gültiges JSON.",
            "Le corps de la requête n'est pas du JSON valide.",
            "El cuerpo de la petición no es JSON válido.",
        ),
        "idempotency-key-invalid": five(
            "Idempotency-Key must be 8 to 255 characters of A-Z a-z 0-9 _ - : .",
            "Idempotency-Key musi mieć od 8 do 255 znaków z zakresu A-Z a-z 0-9 _ - : .",
            "Idempotency-Key muss 8 bis 255 Zeichen aus A-Z a-z 0-9 _ - : . haben.",
            "Idempotency-Key doit compter de 8 à 255 caractères parmi A-Z a-z 0-9 _ - : .",
            "Idempotency-Key debe tener de 8 a 255 caracteres de A-Z a-z 0-9 _ - : .",
        ),
        "invalid-slug": five(
            "'{slug}' cannot be a slug.",
            "„{slug}” nie może być slugiem.",
            "„{slug}“ kann kein Slug sein.",
            "« {slug} » ne peut pas être un slug.",
            "«{slug}» no puede ser un slug.",
        ),
        "key-required": five(
            "API key is required",
            "Wymagany jest klucz API",
            "Ein API-Schlüssel ist erforderlich",
            "Une clé d'API est requise",
            "Se requiere una clave de API",
        ),
        "key-invalid": five(
            "Invalid API key",
            "Nieprawidłowy klucz API",
            "Ungültiger API-Schlüssel",
            "Clé d'API invalide",
            "Clave de API no válida",
        ),
        "key-inactive": five(
            "Expired or inactive API key",
            "Klucz API wygasł lub jest nieaktywny",
            "Der API-Schlüssel ist abgelaufen oder inaktiv",
            "Clé d'API expirée ou inactive",
            "Clave de API caducada o inactiva",
        ),
        "unauthorized": five("Unauthorized", "Brak uprawnień", "Nicht berechtigt", "Non autorisé", "No autorizado"),
        "role-too-low": five(
            "This needs the role {role}.",
            "To wymaga roli {role}.",
            "Dafür ist die Rolle {role} nötig.",
            "Cela demande le rôle {role}.",
            "Esto requiere el rol {role}.",
        ),
        "not-a-caller": five(
            "Only a caller of this job may cancel it.",
            "Zadanie może anulować tylko ten, kto je zlecił.",
            "Nur wer diesen Auftrag erteilt hat, darf ihn abbrechen.",
            "Seul un demandeur de cette tâche peut l'annuler.",
            "Solo quien pidió este trabajo puede cancelarlo.",
        ),
        "feature-not-available": five(
            "The feature {flag} is switched off.",
            "Funkcja {flag} jest wyłączona.",
            "Die Funktion {flag} ist abgeschaltet.",
            "La fonctionnalité {flag} est désactivée.",
            "La función {flag} está desactivada.",
        ),
        "proxy-secret-invalid": five(
            "The proxy secret is missing or wrong.",
            "Brak sekretu pośrednika lub jest on błędny.",
            "Das Proxy-Geheimnis fehlt oder ist falsch.",
            "Le secret du mandataire manque ou est erroné.",
            "El secreto del intermediario falta o es incorrecto.",
        ),
        "edge-token-required": five(
            "This address is reached through the public gateway only.",
            "Ten adres jest dostępny tylko przez publiczną bramę.",
            "Diese Adresse ist nur über das öffentliche Gateway erreichbar.",
            "Cette adresse n'est accessible que par la passerelle publique.",
            "Esta dirección solo es accesible por la pasarela pública.",
        ),
        "not-found": five(
            "There is nothing at this address.",
            "Pod tym adresem nic nie ma.",
            "Unter dieser Adresse gibt es nichts.",
            "Il n'y a rien à cette adresse.",
            "No hay nada en esta dirección.",
        ),
        "entity-not-found": five(
            "Not found: {kind} '{slug}'.",
            "Nie znaleziono: {kind} „{slug}”.",
            "Nicht gefunden: {kind} „{slug}“.",
            "Introuvable : {kind} « {slug} ».",
            "No encontrado: {kind} «{slug}».",
        ),
        "year-mismatch": five(
            "No {one} found matching '{asked}'. Found '{title}' ({year}) but requested year was {asked_year}.",
            "Nie znaleziono: {kind} „{asked}”. Znaleziono „{title}” ({year}), ale żądany rok to {asked_year}.",
            "Nicht gefunden: {kind} „{asked}“. Gefunden wurde „{title}“ ({year}), verlangt war das Jahr {asked_year}.",
            "Introuvable : {kind} « {asked} ». Trouvé « {title} » ({year}), mais l'année demandée était {asked_year}.",
            "No encontrado: {kind} «{asked}». Se encontró «{title}» ({year}), pero el año pedido era {asked_year}.",
        ),
        "text-not-found": five(
            "{text_id} is not a current text of '{slug}'.",
            "{text_id} nie jest aktualnym tekstem „{slug}”.",
            "{text_id} ist kein aktueller Text von „{slug}“.",
            "{text_id} n'est pas un texte actuel de « {slug} ».",
            "{text_id} no es un texto vigente de «{slug}».",
        ),
        "selection-not-found": five(
            "'{slug}' is none of the candidates.",
            "„{slug}” nie jest żadnym z kandydatów.",
            "„{slug}“ ist keiner der Kandidaten.",
            "« {slug} » n'est aucun des candidats.",
            "«{slug}» no es ninguno de los candidatos.",
        ),
        "snapshot-not-found": five(
            "No TMDb snapshot is stored for '{slug}'.",
            "Brak zapisanych danych TMDb dla „{slug}”.",
            "Zu „{slug}“ sind keine TMDb-Daten gespeichert.",
            "Aucune donnée TMDb n'est enregistrée pour « {slug} ».",
            "No hay datos de TMDb guardados para «{slug}».",
        ),
        "collection-not-found": five(
            "'{slug}' belongs to no collection.",
            "„{slug}” nie należy do żadnej kolekcji.",
            "„{slug}“ gehört zu keiner Filmreihe.",
            "« {slug} » ne fait partie d'aucune saga.",
            "«{slug}» no pertenece a ninguna colección.",
        ),
        "no-results": five(
            "Nothing found for '{q}'.",
            "Nic nie znaleziono dla „{q}”.",
            "Nichts gefunden für „{q}“.",
            "Aucun résultat pour « {q} ».",
            "No se encontró nada para «{q}».",
        ),
        "job-not-found": five(
            "No job {job_id}.",
            "Nie ma zadania {job_id}.",
            "Es gibt keinen Auftrag {job_id}.",
            "Aucune tâche {job_id}.",
            "No existe el trabajo {job_id}.",
        ),
        "method-not-allowed": five(
            "This address does not take {method}.",
            "Ten adres nie przyjmuje metody {method}.",
            "Diese Adresse nimmt {method} nicht an.",
            "Cette adresse n'accepte pas {method}.",
            "Esta dirección no acepta {method}.",
        ),
        "conflict": five(
            "The request conflicts with the present state.",
            "Żądanie jest sprzeczne z obecnym stanem.",
            "Die Anfrage widerspricht dem gegenwärtigen Zustand.",
            "La requête est en conflit avec l'état actuel.",
            "La petición entra en conflicto con el estado actual.",
        ),
        "letter-not-open": five(
            "This dead letter was replayed or purged before.",
            "Ta martwa wiadomość została już ponowiona lub usunięta.",
            "Dieser Dead Letter wurde schon wiederholt oder gelöscht.",
            "Ce message mort a déjà été rejoué ou purgé.",
            "Este mensaje muerto ya se reenvió o se purgó.",
        ),
        "letter-not-exact": five(
            "This message can be no event, so it is not sent again: its body is not UTF-8 text of up to 64 KiB.",
            "Ta wiadomość nie może być zdarzeniem, więc nie zostanie ponowiona: jej treść nie jest tekstem UTF-8 do 64 KiB.",
            "Diese Nachricht kann kein Ereignis sein und wird nicht wiederholt: Ihr Inhalt ist kein UTF-8-Text bis 64 KiB.",
            "Ce message ne peut être un événement et n'est pas rejoué : son contenu n'est pas un texte UTF-8 d'au plus 64 Kio.",
            "Este mensaje no puede ser un evento y no se reenvía: su contenido no es texto UTF-8 de hasta 64 KiB.",
        ),
        "idempotency-key-in-use": five(
            "The first request with this Idempotency-Key is still running.",
            "Pierwsze żądanie z tym Idempotency-Key jeszcze trwa.",
            "Die erste Anfrage mit diesem Idempotency-Key läuft noch.",
            "La première requête avec cet Idempotency-Key est encore en cours.",
            "La primera petición con este Idempotency-Key sigue en curso.",
        ),
        "job-already-finished": five(
            "The job is already {job_status}.",
            "Zadanie jest już w stanie {job_status}.",
            "Der Auftrag ist bereits {job_status}.",
            "La tâche est déjà {job_status}.",
            "El trabajo ya está {job_status}.",
        ),
        "payload-too-large": five(
            "The request body exceeds {limit} bytes.",
            "Treść żądania przekracza {limit} bajtów.",
            "Der Anfragetext ist größer als {limit} Bytes.",
            "Le corps de la requête dépasse {limit} octets.",
            "El cuerpo de la petición supera {limit} bytes.",
        ),
        "unsupported-media-type": five(
            "The request body must be uncompressed UTF-8 JSON with Content-Type: application/json.",
            "Treścią żądania musi być nieskompresowany JSON w UTF-8 z Content-Type: application/json.",
            "Der Anfragetext muss unkomprimiertes UTF-8-JSON mit Content-Type: application/json sein.",
            "Le corps doit être du JSON UTF-8 non compressé avec Content-Type: application/json.",
            "El cuerpo debe ser JSON UTF-8 sin comprimir con Content-Type: application/json.",
        ),
        "one-invalid": five(
            "1 field is not valid.",
            "1 pole jest nieprawidłowe.",
            "1 Feld ist nicht gültig.",
            "1 champ n'est pas valide.",
            "1 campo no es válido.",
        ),
        "many-invalid": five(
            "{count} fields are not valid.",
            "Nieprawidłowe pola: {count}.",
            "{count} Felder sind nicht gültig.",
            "{count} champs ne sont pas valides.",
            "{count} campos no son válidos.",
        ),
        "idempotency-key-reused": five(
            "This Idempotency-Key was used with another request.",
            "Ten Idempotency-Key był użyty z innym żądaniem.",
            "Dieser Idempotency-Key wurde mit einer anderen Anfrage verwendet.",
            "Cet Idempotency-Key a servi à une autre requête.",
            "Este Idempotency-Key se usó con otra petición.",
        ),
        "quota-exceeded": five(
            "The limit {policy} is used up. Try again in {seconds} s.",
            "Limit {policy} jest wyczerpany. Spróbuj ponownie za {seconds} s.",
            "Das Limit {policy} ist ausgeschöpft. Erneut versuchen in {seconds} s.",
            "La limite {policy} est épuisée. Réessayez dans {seconds} s.",
            "El límite {policy} está agotado. Inténtelo de nuevo en {seconds} s.",
        ),
        "internal-error": five(
            "The server made a mistake. The request id helps to find it.",
            "Serwer popełnił błąd. Identyfikator żądania pomoże go znaleźć.",
            "Der Server hat einen Fehler gemacht. Die Request-ID hilft, ihn zu finden.",
            "Le serveur a commis une erreur. L'identifiant de requête aide à la trouver.",
            "El servidor cometió un error. El identificador de la petición ayuda a encontrarlo.",
        ),
        "upstream-failed": five(
            "The facts could not be refreshed.",
            "Nie udało się odświeżyć danych.",
            "Die Daten konnten nicht aktualisiert werden.",
            "Les données n'ont pas pu être actualisées.",
            "No se pudieron actualizar los datos.",
        ),
        "dependency-unavailable": five(
            "{dependency} is not available at the moment.",
            "Usługa {dependency} jest chwilowo niedostępna.",
            "{dependency} ist zurzeit nicht verfügbar.",
            "{dependency} n'est pas disponible pour le moment.",
            "{dependency} no está disponible en este momento.",
        ),
        "temporary-reduced-capacity": five(
            "Too much is going on at the moment. Try again shortly.",
            "W tej chwili obciążenie jest zbyt duże. Spróbuj ponownie za chwilę.",
            "Zurzeit ist zu viel los. Bitte gleich noch einmal versuchen.",
            "Trop d'activité pour le moment. Réessayez bientôt.",
            "Hay demasiada actividad en este momento. Inténtelo de nuevo en breve.",
        ),
        "several-found": five(
            "Several match. Choose one of the options.",
            "Pasuje kilka pozycji. Wybierz jedną z opcji.",
            "Mehrere passen. Bitte eine der Möglichkeiten wählen.",
            "Plusieurs correspondent. Choisissez une des options.",
            "Varias coinciden. Elija una de las opciones.",
        ),
        "several-hint": five(
            "Request select_url, or repeat this request with ?slug=<option slug>.",
            "Otwórz select_url albo powtórz to żądanie z ?slug=<slug opcji>.",
            "select_url abrufen oder diese Anfrage mit ?slug=<Slug der Möglichkeit> wiederholen.",
            "Ouvrez select_url, ou répétez cette requête avec ?slug=<slug de l'option>.",
            "Abra select_url o repita esta petición con ?slug=<slug de la opción>.",
        ),
    }
)

KIND_NAMES: Mapping[EntityKind, Sentences] = MappingProxyType(
    {
        EntityKind.MOVIE: five("movie", "film", "Film", "film", "película"),
        EntityKind.PERSON: five("person", "osoba", "Person", "personne", "persona"),
        EntityKind.TV_SERIES: five("TV series", "serial", "Serie", "série", "serie"),
        EntityKind.TV_SHOW: five("TV show", "program telewizyjny", "Fernsehsendung", "émission", "programa"),
    }
)


def say(language: Language, message: str, **values: object) -> str:
    """The sentence named `message`; raises KeyError for an unknown name or a missing value."""
    return MESSAGES[message][language].format(**values)


def kind_name(language: Language, kind: EntityKind) -> str:
    return KIND_NAMES[kind][language]


def plural(kind: EntityKind) -> str:
    """`movies`, `people`, `TV series` or `TV shows`: English, for what is not translated."""
    return KINDS[kind].path.replace("tv-", "TV ")
