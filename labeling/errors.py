"""What can go wrong between us and Label Studio, as facts with fields.

StudioError
├── StudioUnavailable(url, reason)            nothing answers there, or not as Label Studio does
├── StudioUnauthorized(url, kind)             it answers, but does not accept our token
├── ProjectMissing(project)                   the project was deleted, or the token may not see it
├── StudioRefused(status, detail)             it understood us and said no
└── DriversInUse(project, drivers)            the new interface lacks drivers that answers use

No message holds a token, a header, a request body or the text of a customer's message.
"""

from classifier.errors import WaaromError
from labeling.tokens import TokenKind


class StudioError(WaaromError):
    """Base of everything that can go wrong between us and Label Studio."""


class StudioUnavailable(StudioError):
    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(
            f"Label Studio at {url} cannot be reached ({reason}): check that it runs and that "
            "WAAROM_LABEL_STUDIO_URL is right; what was to be sent is kept and sent later"
        )


class StudioUnauthorized(StudioError):
    """`switched_off`: the server takes no legacy tokens, so that another one would not do."""

    def __init__(
        self, url: str, kind: TokenKind = TokenKind.PERSONAL, *, switched_off: bool = False
    ) -> None:
        self.url, self.kind, self.switched_off = url, kind, switched_off
        super().__init__(f"Label Studio at {url} does not accept our token: {self._remedy()}")

    def _remedy(self) -> str:
        copy = (
            "copy a personal access token from its Account & Settings page into "
            "WAAROM_LABEL_STUDIO_API_KEY"
        )
        if self.kind is TokenKind.SHORT_LIVED:
            return f"it is one that lives for five minutes; {copy}"
        if self.switched_off:
            return (
                f"legacy tokens are switched off there; {copy}, or switch them on under "
                "Organization > API Token Settings"
            )
        return copy


class ProjectMissing(StudioError):
    def __init__(self, project: int) -> None:
        self.project = project
        super().__init__(
            f"Label Studio has no project {project} (any more): run `waarom label setup` to make "
            "one anew; labels already collected are kept"
        )


class StudioRefused(StudioError):
    def __init__(self, status: int, detail: str) -> None:
        self.status, self.detail = status, detail
        super().__init__(f"Label Studio refused the request with status {status}: {detail}")


class DriversInUse(StudioError):
    def __init__(self, project: int, drivers: tuple[str, ...]) -> None:
        self.project, self.drivers = project, drivers
        super().__init__(
            f"answers in Label Studio project {project} use {', '.join(drivers)}, which the "
            "taxonomy no longer has: put them back, or start a project with another title"
        )
