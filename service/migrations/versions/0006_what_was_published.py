"""What was published of a week is kept, and reports find their terms by an index"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TERMS = ["slice", "kind", "week", "value", "driver"]
SET_ASIDE = sa.text("direction <> 'inbound'")


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.DateTime(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("taxonomy", sa.String(length=12), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("week", "version", name=op.f("pk_publications")),
    )
    op.create_index("ix_terms_slice", "terms", TERMS)
    op.create_index(
        "ix_messages_set_aside",
        "messages",
        ["week"],
        sqlite_where=SET_ASIDE,
        postgresql_where=SET_ASIDE,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_set_aside", "messages")
    op.drop_index("ix_terms_slice", "terms")
    op.drop_table("publications")
