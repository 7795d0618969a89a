"""Answers kept for calls that are made again are found by their age, and deleted"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_idempotency_made_at"), "idempotency", ["made_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_idempotency_made_at"), "idempotency")
