FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /venv
COPY requirements.lock /
RUN /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps -r /requirements.lock

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DESK_DATA_DIR=/data
RUN useradd --system --uid 10001 --no-create-home --home-dir /desk --shell /usr/sbin/nologin desk \
    && install -d -o desk -g desk -m 0700 /data
WORKDIR /desk
COPY --from=packages /venv /venv
COPY manage.py LICENSE NOTICE ./
COPY core core
COPY providers providers
COPY orders orders
COPY dashboard dashboard
COPY sandbox sandbox
COPY static static
COPY templates templates
RUN python -m compileall -q . && python manage.py collectstatic --noinput --verbosity 0 --skip-checks
USER desk
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["python", "-m", "gunicorn", "dashboard.wsgi:application", "--bind", "0.0.0.0:8000", "--no-control-socket", "--workers", "2", "--worker-class", "dashboard.serving.worker.PatientWorker", "--threads", "8", "--graceful-timeout", "20", "--worker-tmp-dir", "/dev/shm", "--log-level", "warning"]
