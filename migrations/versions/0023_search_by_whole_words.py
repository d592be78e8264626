"""SQLite's index of words takes `jan@firma.pl` for one word, as PostgreSQL's does: both give the same answers."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TOKENS = {
    "new": "unicode61 remove_diacritics 0 tokenchars ''.@&+-''''''",
    "old": "unicode61 remove_diacritics 0",
}


def upgrade() -> None:
    make_anew("new")


def make_anew(which: str) -> None:
    """The triggers name the table, and stay as they are."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("DROP TABLE search_fts")
    op.execute(
        "CREATE VIRTUAL TABLE search_fts USING fts5(words, secret_words, content='search_entry', "
        f"content_rowid='id', tokenize='{TOKENS[which]}', prefix='1 2 3')"
    )
    op.execute("INSERT INTO search_fts (search_fts) VALUES ('rebuild')")


def downgrade() -> None:
    make_anew("old")
