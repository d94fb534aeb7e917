"""Runs the migrations on the customer's database, through the same driver as the app."""

import asyncio
import logging.config
import os

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

logging.config.fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
