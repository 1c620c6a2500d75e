"""Numbers, money and dates as each language writes them, for D3 in the browser."""

from typing import Any

from superset_assets.settings import Language

# Short even where charts ask for the full name: axes have no room for it.
_MONTHS = ["янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"]
NUMBERS: dict[Language, dict[str, Any]] = {
    Language.RUSSIAN: {
        "decimal": ",",
        "thousands": "\u00a0",
        "grouping": [3],
        "currency": ["", "\u00a0₽"],
        "percent": "\u00a0%",
        "minus": "\u2212",
    },
    Language.ENGLISH: {
        "decimal": ".",
        "thousands": ",",
        "grouping": [3],
        "currency": ["₽", ""],
        "percent": "%",
        "minus": "\u2212",
    },
}
DATES: dict[Language, dict[str, Any]] = {
    Language.RUSSIAN: {
        "dateTime": "%A, %e %B %Y г. %X",
        "date": "%d.%m.%Y",
        "time": "%H:%M:%S",
        "periods": ["AM", "PM"],
        "days": ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"],
        "shortDays": ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
        "months": _MONTHS,
        "shortMonths": _MONTHS,
    },
    Language.ENGLISH: {
        "dateTime": "%x, %X",
        "date": "%d/%m/%Y",
        "time": "%H:%M:%S",
        "periods": ["AM", "PM"],
        "days": ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
        "shortDays": ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
        "months": [
            "Jan",
            "Feb",
            "Mar",
            "Apr",
            "May",
            "Jun",
            "Jul",
            "Aug",
            "Sep",
            "Oct",
            "Nov",
            "Dec",
        ],
        "shortMonths": [
            "Jan",
            "Feb",
            "Mar",
            "Apr",
            "May",
            "Jun",
            "Jul",
            "Aug",
            "Sep",
            "Oct",
            "Nov",
            "Dec",
        ],
    },
}


def of_the_readers_language(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """What differs in the page's bootstrap data for the language that its reader chose."""
    language = Language(bootstrap["locale"])
    return {"d3_format": NUMBERS[language], "d3_time_format": DATES[language]}
