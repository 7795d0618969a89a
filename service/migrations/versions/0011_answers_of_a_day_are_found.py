"""Answers of a day are found without reading all others"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_labels_answered_at"), "labels", ["answered_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_labels_answered_at"), "labels")
