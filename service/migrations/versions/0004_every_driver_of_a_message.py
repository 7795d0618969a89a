"""Predictions may mention several drivers, and terms are kept of mentions, too

Terms are sums of what other tables hold: they are dropped, and every week is summed anew.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCALARS = ("messages", "answers", "unmeasured", "weight", "weight_spread")
COLUMNS = (
    "expected",
    "expected_open",
    "spread_open",
    "correction",
    "design",
    "modeled",
    "modeled_fourth",
    "surprise",
    "surprise_square",
    "reviewed",
    "weighted",
    "weighted_spread",
)
STALE = """
INSERT INTO stale_weeks (week)
SELECT DISTINCT week FROM messages
WHERE counted AND week NOT IN (SELECT week FROM stale_weeks)
"""


def upgrade() -> None:
    mentions = sa.Column("mentions", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    op.add_column("predictions", mentions)
    _terms_anew("week", "kind", "day", "model", "recalibration", "slice", "value", "driver")


def downgrade() -> None:
    _terms_anew("week", "day", "model", "recalibration", "slice", "value", "driver")
    op.drop_column("predictions", "mentions")


def _terms_anew(*key: str) -> None:
    types: dict[str, TypeEngine[Any]] = {
        "week": sa.String(length=8),
        "kind": sa.String(length=8),
        "day": sa.Date(),
        "model": sa.String(length=40),
        "recalibration": sa.String(length=40),
        "slice": sa.String(length=80),
        "value": sa.String(length=200),
        "driver": sa.String(length=200),
    }
    op.drop_table("terms")
    op.create_table(
        "terms",
        *(sa.Column(name, types[name], nullable=False) for name in key),
        *(sa.Column(name, sa.Double(), nullable=False) for name in SCALARS + COLUMNS),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_terms")),
    )
    op.execute(STALE)
