# Extraction, dbt, Dagster and the boards' tool: one image for every Dagster service.
FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements/pipeline.txt /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/pipeline.txt

FROM python:3.11-slim-bookworm AS pipeline
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DO_NOT_TRACK=1 \
    DAGSTER_HOME=/opt/dagster/home
RUN useradd --uid 1000 --create-home app \
    && install --directory --owner app /opt/dagster/home /opt/dagster/files /opt/sandbox
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY --chown=app mindbox_extract mindbox_extract
COPY --chown=app purchase_model purchase_model
COPY --chown=app dagster_project dagster_project
COPY --chown=app dbt dbt
COPY --chown=app superset_assets superset_assets
COPY --chown=app deploy deploy
COPY --chown=app deploy/dagster.yaml deploy/workspace.yaml /opt/dagster/home/
# dbt writes what it compiles beside its project.
RUN chown app dbt
USER app
# The manifest is made here, once: no service has to wait for it.
RUN python -m dagster_project.definitions
CMD ["python", "-m", "mindbox_extract", "--help"]

FROM pipeline AS sandbox
USER root
COPY requirements/sandbox.txt /tmp/
RUN pip install --no-cache-dir --disable-pip-version-check -r /tmp/sandbox.txt
COPY --chown=app sandbox sandbox
USER app
