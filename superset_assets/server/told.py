"""What boards are told when a question has no answer, in the asker's language."""

from flask_babel import get_locale


def told(russian: str, english: str) -> str:
    """The sentence in the language of whoever asks; Russian unless English is chosen."""
    return english if str(get_locale()).startswith("en") else russian
