"""Bridges between weeks that were not measured alike"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTS = ("models_before", "models_after", "taxonomies_before", "taxonomies_after")


def upgrade() -> None:
    op.create_table(
        "bridges",
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("model", sa.String(length=40), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in LISTS),
        sa.Column("taxonomy_change", sa.JSON(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("week", name=op.f("pk_bridges")),
    )


def downgrade() -> None:
    op.drop_table("bridges")
