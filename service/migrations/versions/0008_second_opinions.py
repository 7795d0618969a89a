"""A second person is asked about some of the answers, and terms know what that says of the others

Messages answered before cannot get a second opinion: nobody drew them for one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SUMS = (
    *("second_opinions", "differing", "unconfirmed", "reviewed_unconfirmed"),
    *("second_correction", "second_design", "second_design_square"),
    *("second_modeled", "second_modeled_fourth", "second_surplus"),
)


def upgrade() -> None:
    nothing = sa.text("0")
    for name in SUMS:
        op.add_column("terms", sa.Column(name, sa.Double(), nullable=False, server_default=nothing))
    op.add_column("draws", sa.Column("second_opinion", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("draws", "second_opinion")
    for name in reversed(SUMS):
        op.drop_column("terms", name)
