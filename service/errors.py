"""What can go wrong in a use case, as facts; `service.app` turns them into HTTP, the CLI into text.

WaaromError
├── NotFound(what, name)             no such message, review, week …
├── ReviewClosed(review_id, state)   somebody answered or skipped it before
├── ReviewTaken(review_id)           somebody else is working on it
├── UnknownDriver(driver)            not a driver a label can name
├── ContentConflict(external_id)     the same external id with another content
├── ClimbRefused(queue, reason)      a queue's promise is not shown, so it may not be automated
├── NotAllowed(scope)                the key lacks a scope
├── NotIdentified()                  no key, or none we know
├── KeyReused(key)                   an Idempotency-Key with another request
├── BadRequest(field, reason)        a value that cannot be used
└── Unwell(sentence)                 something that works, but not as it should
"""

from classifier.errors import WaaromError


class NotFound(WaaromError):
    def __init__(self, what: str, name: object) -> None:
        self.what, self.name = what, name
        super().__init__(f"There is no {what} {name}.")


class ReviewClosed(WaaromError):
    def __init__(self, review_id: int, state: str) -> None:
        self.review_id, self.state = review_id, state
        super().__init__(f"Review {review_id} is already {state}; claim another one.")


class ReviewTaken(WaaromError):
    def __init__(self, review_id: int) -> None:
        self.review_id = review_id
        super().__init__(f"Review {review_id} is claimed by somebody else; claim another one.")


class AnswerStands(WaaromError):
    def __init__(self, review_id: int) -> None:
        self.review_id = review_id
        super().__init__(
            f"What was said of review {review_id} can no longer be undone; correct its message."
        )


class UnknownDriver(WaaromError):
    def __init__(self, driver: str, reason: str = "is not a driver of the taxonomy") -> None:
        self.driver = driver
        super().__init__(f"{driver!r} {reason}; GET /v1/taxonomy lists those that can be named.")


class ContentConflict(WaaromError):
    def __init__(self, external_id: str) -> None:
        self.external_id = external_id
        super().__init__(
            f"External id {external_id!r} is known with another content; "
            "send ?revise=true to replace it."
        )


class ClimbRefused(WaaromError):
    def __init__(self, queue: str, reason: str) -> None:
        self.queue, self.reason = queue, reason
        super().__init__(f"Queue {queue} cannot be automated yet. {reason}")


class NotIdentified(WaaromError):
    def __init__(self) -> None:
        super().__init__("Send a key as `Authorization: Bearer <key>`, or log in at /login.")


class NotAllowed(WaaromError):
    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"This key lacks the scope {scope!r}; `waarom keys create` makes one.")


class KeyReused(WaaromError):
    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another request; use a new one.")


class BadRequest(WaaromError):
    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


class Unwell(WaaromError):
    """Something that works, but not as it should; the sentence says what to do."""
