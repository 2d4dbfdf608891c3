"""The TMDb v3 protocol (https://developer.themoviedb.org/reference) over the sample facts."""
