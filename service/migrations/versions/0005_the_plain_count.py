"""Terms know what a plain count of predictions would have said

Every week is summed anew, from what other tables hold.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STALE = """
INSERT INTO stale_weeks (week)
SELECT DISTINCT week FROM messages
WHERE counted AND week NOT IN (SELECT week FROM stale_weeks)
"""


def upgrade() -> None:
    nothing = sa.text("0")
    op.add_column(
        "terms", sa.Column("likeliest", sa.Double(), nullable=False, server_default=nothing)
    )
    op.execute(STALE)


def downgrade() -> None:
    op.drop_column("terms", "likeliest")
