"""What an instant model says: the same valid text for everybody."""

import json

TEXT = (
    "A quiet programmer learns that the city he lives in is a careful forgery, and that the people who told him so have been hunted "
    "for years. What begins as curiosity turns into a choice between comfort and truth, told with a cool eye for architecture, rain "
    "and the small lies of office life. The film asks how much of a life is habit, and whether a person who has been shown the walls "
    "can still enjoy the room. Its action is precise, its humour dry, and its last scene leaves the answer with the audience."
)
CONTENT = json.dumps({"exists": True, "title": "The film", "year": None, "director": None, "text": TEXT})
COMPLETION = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": CONTENT}}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 120, "total_tokens": 520},
    }
)
