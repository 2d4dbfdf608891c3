"""The OMDb protocol (https://www.omdbapi.com) over the sample facts."""
