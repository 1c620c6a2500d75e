# Superset with this project's configuration: the web server and beat; with a browser: the worker.
FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements/superset.txt /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/superset.txt

FROM python:3.11-slim-bookworm AS superset
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SUPERSET_HOME=/home/superset/data \
    SUPERSET_CONFIG_PATH=/app/superset_assets/superset_config.py
RUN useradd --uid 1000 --create-home superset \
    && install --directory --owner superset /home/superset/data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY superset_assets superset_assets
COPY deploy deploy
USER superset

FROM superset AS superset-worker
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium chromium-driver fonts-dejavu-core fonts-liberation \
    && rm -rf /var/lib/apt/lists/*
USER superset
