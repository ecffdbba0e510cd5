"""Who may sign in at headquarters, kept in the ledger's database (``web.common.accounts.Accounts``)."""

from __future__ import annotations

from sqlalchemy import Engine, select, update

from web.common.accounts import Account, Code
from web.desk.tables import account as account_table
from web.desk.tables import code as code_table
from web.desk.tables import reading, upsert, writing


class AccountBook:
    """Accounts and the one-time code."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self) -> list[Account]:
        """Everybody, by name."""
        column = account_table.c
        with reading(self._engine) as connection:
            query = select(column.name, column.role, column.secret_hash).order_by(column.name)
            return [Account(*row) for row in connection.execute(query)]

    def account(self, name: str) -> Account | None:
        """One person."""
        return next((account for account in self.accounts() if account.name == name), None)

    def add(self, name: str, role: str, secret_hash: str) -> None:
        """Adds a person; UnavailableError if the name is taken."""
        with writing(self._engine) as connection:
            connection.execute(account_table.insert().values(name=name, role=role, secret_hash=secret_hash))

    def save_code(self, code_hash: str, expires_at: float) -> None:
        """Replaces the one-time code."""
        values = {"hash": code_hash, "expires_at": expires_at, "used": False}
        with writing(self._engine) as connection:
            put = upsert(connection, code_table).values(id=1, **values)
            connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=values))

    def code(self) -> Code | None:
        """The one-time code that was saved last, used or not."""
        column = code_table.c
        with reading(self._engine) as connection:
            row = connection.execute(select(column.hash, column.expires_at, column.used)).first()
        return Code(*row) if row else None

    def burn_code(self) -> bool:
        """Marks the code as used; False if somebody else was first."""
        unused = update(code_table).where(code_table.c.used.is_(False)).values(used=True)
        with writing(self._engine) as connection:
            return connection.execute(unused).rowcount > 0
