"""What Label Studio tells by webhook is noted, however often; `tests.benchmarks.studio` says how
long a person waits for that."""

import httpx
import pytest
from pydantic import SecretStr

from service.sync import hinted


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"webhook_secret": SecretStr("s3cret")})


def test_a_hint_is_noted_however_often_it_comes(live, trained_runtime):
    url, headers = f"{live}/v1/webhooks/label-studio", {"X-Waarom-Secret": "s3cret"}
    body = {"action": "ANNOTATION_CREATED", "task": {"data": {"text": "x" * 7000}}}
    with httpx.Client() as label_studio:
        for _ in range(5):
            assert label_studio.post(url, json=body, headers=headers).status_code == 202
    with trained_runtime.reading() as session:
        assert hinted(session)
