#!/bin/sh
# Brings the customer's schema up to date, then becomes the server: `exec`, so that SIGTERM reaches uvicorn itself.
set -eu

for name in USER_ID COMPANY_NAME DB_NAME DATABASE_URL; do
  eval "value=\${$name:-}"
  if [ -z "$value" ]; then
    echo "entrypoint: $name is not set; see app.env in slipway.yaml" >&2
    exit 64
  fi
done
case $DATABASE_URL in
  postgresql+asyncpg://*) ;;
  *)
    # Not printed: it holds the password.
    echo "entrypoint: DATABASE_URL must begin with postgresql+asyncpg://" >&2
    exit 64
    ;;
esac

# When the database is not there yet this ends the instance, and Slipway starts it again a little later.
alembic upgrade head

exec uvicorn src.api.main:app --host 0.0.0.0 --port "$PORT" --timeout-graceful-shutdown 8 "$@"
