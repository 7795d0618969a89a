"""An answer may say that its message still holds personal data

Nobody was asked before: of answers given until now it says no.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "labels",
        sa.Column("personal_data", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("labels", "personal_data")
