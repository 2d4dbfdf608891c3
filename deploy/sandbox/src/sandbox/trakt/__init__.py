"""The Trakt v2 protocol (https://trakt.docs.apiary.io, now the guides and contracts in trakt/trakt-api) over the sample facts."""
