"""A stand-in with the shape of crownmercado-automation-dev: same module, port, migrations and environment."""

import html
import os

from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=2, max_overflow=3, pool_pre_ping=True)
app = FastAPI(title="Crown Mercado automation (stand-in)")


class Automation(BaseModel):
    name: str = Field(min_length=1, max_length=80)


@app.get("/health")
async def health():
    async with engine.connect() as connection:
        database = (await connection.execute(text("SELECT current_database()"))).scalar_one()
    if database != os.environ["DB_NAME"]:
        raise HTTPException(503, "DB_NAME and DATABASE_URL name different databases")
    return {"status": "ok"}


@app.get("/", response_class=HTMLResponse)
async def page():
    company = html.escape(os.environ["COMPANY_NAME"])
    return f"<!doctype html><title>{company}</title><h1>{company}</h1><p>{html.escape(os.environ['USER_ID'])}</p>"


@app.get("/api/automations")
async def automations():
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT id, name FROM automations ORDER BY id LIMIT 100"))
        return [dict(row) for row in rows.mappings()]


@app.post("/api/automations", status_code=201)
async def add(automation: Automation):
    try:
        async with engine.begin() as connection:
            statement = text("INSERT INTO automations (name) VALUES (:name) RETURNING id")
            return {"id": (await connection.execute(statement, {"name": automation.name})).scalar_one()}
    except IntegrityError as error:
        raise HTTPException(409, "There is an automation of that name already") from error
