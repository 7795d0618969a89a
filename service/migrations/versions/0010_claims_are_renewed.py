"""A claim lasts as long as somebody is at work on it"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reviews", sa.Column("renewed_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("reviews", "renewed_at")
