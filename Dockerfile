# One image, three commands: web (the default), `python manage.py worker`, and before both `python manage.py prepare`,
# which migrates the database. Its addresses and secrets come as variables (portal/settings.py).
# The base is an argument, so that it can be named by its digest: --build-arg BASE=python:3.13-slim-bookworm@sha256:…
ARG BASE=python:3.13-slim-bookworm
FROM ${BASE} AS build
RUN pip install --no-cache-dir uv==0.13.8
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-cache --python /usr/local/bin/python
# What is in the image, for scanners: /app/sbom.cdx.json.
RUN uv export --frozen --no-dev --format cyclonedx1.5 --preview-features sbom-export --output-file sbom.cdx.json > /dev/null
COPY . .
# Static files are hashed and compressed once, here; no secret is needed for that.
RUN SECRET_KEY=build-only .venv/bin/python manage.py collectstatic --noinput \
    && .venv/bin/python -m compileall -q portal provisioning \
    # The HCL parser keeps its grammar beside itself, where the image's user may not write.
    && .venv/bin/python -c "import hcl2; hcl2.loads('a = 1')"

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 STATE_DIR=/tmp/state
USER portal
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Connections that wait for a header or a body hold no thread, so many may be open; portal/web/front.py limits them.
CMD ["granian", "--interface", "asginl", "--no-ws", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--backpressure", "4096", "--http1-header-read-timeout", "10000", "portal.asgi:application"]
