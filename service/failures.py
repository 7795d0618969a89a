"""What went wrong outside our own code, in one sentence that says what to do."""

import sys

from classifier.errors import WaaromError

DATABASE = "check WAAROM_DATABASE_URL, or `home` in waarom.toml"
ADVICE = {
    "locked": "another process is writing: try again in a moment",
    "not a database": f"the file is something else: {DATABASE}",
    "unable to open": f"its folder cannot be reached or written: {DATABASE}",
    "readonly": "the file may not be written: check its permissions",
    "disk is full": "the disk is full: make room and try again",
    "Can't locate revision": "a newer Waarom made it: install that version",
}
"""By what the database says; no advice repeats a value."""


def sentence(error: BaseException) -> str | None:
    """What an error means to the person who meets it; None for one that is a mistake of ours."""
    if isinstance(error, WaaromError):
        return str(error)
    if _is_of_database(error):
        return f"The database cannot be used: {_advice(error)}."
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror[0].lower()}{error.strerror[1:]}; {_remedy(error)}"
    return None


def _is_of_database(error: BaseException) -> bool:
    """Looked up by name: whoever met no database has not imported its library either."""
    families = (("sqlalchemy.exc", "SQLAlchemyError"), ("alembic.util", "CommandError"))
    known = [getattr(sys.modules.get(module), name, ()) for module, name in families]
    return any(isinstance(error, kind) for kind in known)


def _advice(error: BaseException) -> str:
    said = str(error)
    for words, advice in ADVICE.items():
        if words in said:
            return advice
    return f"{_first_line(error)}: check that it runs and is meant, and {DATABASE}"


def _first_line(error: BaseException) -> str:
    return (str(getattr(error, "orig", None) or error).splitlines() or [""])[0].rstrip(".")


def _remedy(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "check its permissions"
    return "check the path" if error.filename else "try again"
